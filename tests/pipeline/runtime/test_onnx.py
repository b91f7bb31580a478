"""ONNX Runtime's options: INT8 is exact on every processor, and fast where it can be both."""

from __future__ import annotations

import pytest

from appliance.pipeline.runtime.onnx import overflows


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("avx2 fma", True), ("avx2 avx512f avx512_vnni", False), ("avx2 avx_vnni", False), ("asimd asimddp", False)],
)
def test_exact_sums_are_asked_for_only_where_fast_ones_overflow(flags: str, expected: bool) -> None:
    assert overflows(f"processor : 0\nflags : fpu {flags}\n") is expected
