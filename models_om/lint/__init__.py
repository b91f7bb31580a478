"""What the Ascend 310 compiler would refuse, or silently compute wrongly, found in an ONNX graph beforehand."""

# Settles which protobuf is used, before onnx.
from .. import export  # noqa: F401
