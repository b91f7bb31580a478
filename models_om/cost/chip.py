"""What the Ascend 310 of the board can do at best, and what is allowed for on top."""

from __future__ import annotations

MACS_A_S = {"int8": 16e12 / 2, "fp16": 8e12 / 2}
"""16 TOPS in INT8 and 8 TFLOPS in fp16, both AI Cores, 8 W; a multiplication with its addition counts as two."""
BYTES_A_S = 3200e6 * 128 / 8
"""LPDDR4X-3200 on 128 bits: 51.2 GB/s. Shared with the Arm cores."""
TASK_S = 20e-6
"""Allowed for the start of every operator. An assumption: nothing was measured."""
COPY_BYTES_A_S = 2e9
"""Allowed for an Arm core that copies inputs and outputs to and from the NPU's memory. An assumption."""
ELEMENT = {"int8": 1, "fp16": 2}
"""Bytes of a value."""
