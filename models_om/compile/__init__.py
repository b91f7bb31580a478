"""From ONNX to the ``.om`` files that Ascend chips run: by ATC, the compiler of CANN's toolkit, which needs no chip."""

from __future__ import annotations
