"""Which ONNX operators compile for Ascend 310, and where they then run.

Read from the ONNX parser plug-ins and the kernel tables of the chip in CANN's sources of mid-2022, the generation of
CANN 5.1 and 6.0, the last that run on this chip.
"""

from __future__ import annotations

AI_CORE = frozenset(
    "Conv ConvTranspose Gemm MatMul Softmax Add Sub Mul Div Pow Sqrt Exp Erf Sigmoid Tanh Relu LeakyRelu PRelu Elu Clip"
    " HardSigmoid HardSwish Softplus BatchNormalization InstanceNormalization ReduceMean ReduceSum ReduceMax MaxPool"
    " AveragePool GlobalAveragePool Resize DepthToSpace SpaceToDepth Pad Concat Split Slice Transpose Reshape Squeeze"
    " Unsqueeze Gather Tile Expand Where Cast LSTM GRU AscendQuant AscendDequant AscendAntiQuant".split()
)
FREE = frozenset("Constant ConstantOfShape Dropout Flatten Identity Shape Size".split())
"""Folded, or no more than another view of the same values."""
AI_CPU = frozenset("GatherElements ScatterElements Einsum NonZero ReverseSequence CumSum Trilu Unique".split())
RISKY = {
    "If": "branches that are chosen at run time keep the graph from being compiled as one",
    "Loop": "loops keep the graph from being compiled as one",
    "Scan": "loops keep the graph from being compiled as one",
    "RoiAlign": "its kernel is known to be troublesome on this chip",
    "DeformConv": "its kernel is known to be troublesome on this chip",
}
FLOAT_FILE = "lint and quantise the float32 file: INT8 on this chip is AscendQuant and AscendDequant nodes"
NO_PARSER = {
    "GridSample": "warp on the CPU, outside the network (newer CANN reads it, but not for this chip)",
    "LayerNormalization": "write ReduceMean, Sub, Pow 2, ReduceMean, Add, Sqrt, Div, Mul, Add: they become one kernel",
    "GroupNormalization": "write ReduceMean, Sub and Mul on a 4-D reshape, or train with batch norm and fold it",
    "Gelu": "write Div by √2, Erf, Add 1, Mul by x, Mul by 0.5: they become one kernel",
    "Mish": "write it as x · Tanh(Softplus(x))",
    "QuantizeLinear": FLOAT_FILE,
    "DequantizeLinear": FLOAT_FILE,
    "QLinearConv": FLOAT_FILE,
    "ConvInteger": FLOAT_FILE,
}
"""Operator → what to write instead."""
NEWER_THAN_504 = ("Einsum", "GRU", "Trilu")
FIRST_OPSET, LAST_OPSET = 8, 15
"""For which parsers are registered."""
LAST_OPSET_504 = 13
