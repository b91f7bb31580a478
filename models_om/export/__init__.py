"""The way from trained networks to the files a machine runs."""

import os

# MindSpore's protobuf code is too old for the compiled implementation, and asks for this one only when it is imported
# before onnx.
os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")
