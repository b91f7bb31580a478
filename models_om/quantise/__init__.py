"""The INT8 networks as the Ascend 310 compiler reads them: with nodes of its own, since it has no QuantizeLinear."""

# Sets what protobuf must know before onnx is imported.
from .. import export as export
