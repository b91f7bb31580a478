"""MindSpore Lite 2.0.0: do its files compute what ONNX Runtime does, and what a build of it for Ascend needs."""

from __future__ import annotations

# Sets what protobuf must know before onnx is imported.
from .. import export as export
