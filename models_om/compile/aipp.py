"""AIPP, the image unit before the AI Core: the photo as bytes, its normalisation left to the chip.

A quarter of the bytes to copy, and no arithmetic on the CPU. The compiled network then has an input of uint8, NHWC,
which the manifest of the networks does not know: such a file is an experiment beside the shipped ones.
"""

from __future__ import annotations

from appliance.errors import UsageError
from appliance.pipeline.signatures import SIGNATURES

PHOTO_INPUT = "image_input"
"""The one input of all networks that is a picture: RGB from -1 to 1, that is pixel / 127.5 - 1."""
CENTRE, FACTOR = 127.5, 1 / 127.5


def configuration(network: str) -> str:
    """The file for ``--insert_op_conf``. Raises `UsageError` for a network without a picture among its inputs.

    The unit computes (pixel - mean - min) · var_reci for each channel; mean is a whole number and stays 0.
    """
    names = [spec.name for spec in SIGNATURES[network].inputs]
    if PHOTO_INPUT not in names:
        message = f"AIPP is for pictures of three channels; {network} has none among its inputs."
        raise UsageError(message=message, action="Use --aipp with --only sonic.")
    rank = names.index(PHOTO_INPUT)
    height, width = SIGNATURES[network].inputs[rank].shape[2:]
    lines = [
        "aipp_mode : static",
        f"related_input_rank : {rank}",
        "input_format : RGB888_U8",
        f"src_image_size_w : {width}",
        f"src_image_size_h : {height}",
        "csc_switch : false",
        "rbuv_swap_switch : false",
        *(f"min_chn_{channel} : {CENTRE}" for channel in range(3)),
        *(f"var_reci_chn_{channel} : {FACTOR:.15f}" for channel in range(3)),
    ]
    return "\n".join(["aipp_op {", *(f"    {line}" for line in lines), "}", ""])
