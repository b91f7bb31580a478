"""What a second of video costs on the board: arithmetic, not a measurement."""

# Settles which protobuf is used, before onnx.
from .. import export  # noqa: F401
