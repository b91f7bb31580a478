"""The Sonic networks as MindSpore Cells: convolution, batch norm, ReLU, addition and concatenation only.

That is the set of operators that ONNX Runtime, MindSpore Lite and the Ascend 310 compiler all treat alike. Batch norms
disappear into their convolutions on export.
"""

from .denoiser import SonicDenoiser
from .sonic import PhotoEncoder, Sonic, SpeechEncoder, SpeechPair, partner

__all__ = ["PhotoEncoder", "Sonic", "SonicDenoiser", "SpeechEncoder", "SpeechPair", "partner"]
