"""A picture file as upright 8-bit sRGB pixels.

JPEG, PNG, WebP and BMP of any depth and colour mode; of animated files the first frame. The header decides before a
pixel is decoded: more than `MAX_PIXELS` are refused. Pictures whose long side exceeds `WORKING_SIDE` are shrunk by the
smallest whole factor that fits (JPEG inside the decoder where it can), in bands, so that a 40-megapixel photo needs
the decoder's own buffer and little more.
"""

from __future__ import annotations

import io
import os
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional, Union

import numpy as np
from PIL import Image

from ..errors import PhotoError, PhotoNotFound, PhotoTooLarge, PhotoUnreadable

MAX_PIXELS = 100_000_000
WORKING_SIDE = 4096
"""Longest side, in pixels, of what the pipeline works on."""

READS = 2_000_000
"""How many pieces a file may be read in. Photos take thousands; made of millions of empty markers or chunks, a small
file would keep the parser busy for minutes."""
MAX_SCANNED = 4_000_000_000
"""Pixels times scans of a JPEG. Progressive ones have about ten scans; each makes the decoder walk over all pixels."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
BACKDROP = "white"
"""What shows through a transparent picture."""

BAND_ROWS = 256
EXIF_ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation → what makes the picture upright (Exif 2.32, tag 0x0112)."""


@dataclass(frozen=True)
class Photo:
    """``pixels``: uint8 (height, width, 3), sRGB, upright. Coordinates in it: x right, y down, pixel centres at whole
    numbers."""

    pixels: np.ndarray

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        return self.pixels.shape[0]


def load_photo(path: Union[str, Path]) -> Photo:
    """Read a picture file.

    Raises `PhotoNotFound` (missing, no permission), `PhotoUnreadable` (not a regular file, empty, damaged, cut short
    or of another type), `PhotoTooLarge` (more than `MAX_PIXELS`).
    """
    path = Path(path)
    try:
        # A pipe or device would be waited for without end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise PhotoUnreadable("not a regular file")
        # Opened by number: the library puts a stream's name into its messages, and those go into the log.
        stream = _Rationed(io.FileIO(os.open(str(path), os.O_RDONLY | os.O_CLOEXEC)))
    except (OSError, ValueError) as error:
        raise PhotoNotFound(type(error).__name__) from error
    with stream, warnings.catch_warnings():
        # What the library warns of (size, odd metadata) is refused or tolerated below.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)
        try:
            with Image.open(stream, formats=FORMATS) as picture:
                _check_scans(picture, stream)
                return Photo(_decode(picture))
        except PhotoError:
            raise
        except Image.DecompressionBombError as error:
            raise PhotoTooLarge(str(error)) from error
        except Exception as error:  # the decoders raise nearly every type there is on damaged files
            raise PhotoUnreadable(f"{type(error).__name__}: {error}") from error


class _Rationed(io.BufferedReader):
    """A file that can be read in `READS` pieces only."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__(raw)
        self._left = READS

    def read(self, size: Optional[int] = -1) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise PhotoUnreadable("made of too many pieces")
        return super().read(size)


def _check_scans(picture: Image.Image, stream: io.BufferedReader) -> None:
    if picture.format not in ("JPEG", "MPO"):
        return
    # The marker of a scan; compressed data never hold these two bytes, so that at most a few too many are counted.
    position = stream.tell()
    stream.seek(0)
    scans = stream.read().count(b"\xff\xda")
    stream.seek(position)
    if scans * picture.width * picture.height > MAX_SCANNED:
        raise PhotoUnreadable(f"{scans} scans of {picture.width} x {picture.height}")


def _decode(picture: Image.Image) -> np.ndarray:
    if picture.width * picture.height > MAX_PIXELS:
        raise PhotoTooLarge(f"{picture.width} x {picture.height}")
    factor = -(-max(picture.size) // WORKING_SIDE)
    if factor > 1:
        picture.draft(picture.mode, (picture.width // factor, picture.height // factor))
        factor = -(-max(picture.size) // WORKING_SIDE)
    # First of all, so that damage shows here: asking a PNG for its EXIF decodes it too, and would hide it.
    picture.load()
    upright = UPRIGHT.get(_orientation(picture))
    small = _shrunk_rgb(picture, factor)
    return np.array(small if upright is None else small.transpose(upright))


def _orientation(picture: Image.Image) -> int:
    try:
        return picture.getexif().get(EXIF_ORIENTATION, 1)
    except Exception:  # damaged EXIF says nothing about the pixels
        return 1


def _shrunk_rgb(picture: Image.Image, factor: int) -> Image.Image:
    """The picture as RGB, each side divided by ``factor`` (rounded up), band by band."""
    to_srgb: Optional[Callable[[Image.Image], Image.Image]] = None
    small = Image.new("RGB", (-(-picture.width // factor), -(-picture.height // factor)))
    for top in range(0, picture.height, BAND_ROWS * factor):
        band = picture.crop((0, top, picture.width, min(top + BAND_ROWS * factor, picture.height)))
        band = _opaque(band, picture.info.get("transparency"))
        if factor > 1:
            band = band.reduce(factor)
        if to_srgb is None:
            to_srgb = _colour_transform(band.mode, picture.info.get("icc_profile"))
        small.paste(to_srgb(band), (0, top // factor))
    return small


def _opaque(band: Image.Image, transparency: object) -> Image.Image:
    """8 bits a channel, mode L, RGB or CMYK, no alpha."""
    if band.mode.startswith("I"):  # 16-bit grey
        wide = np.clip(np.asarray(band).astype(np.float32), 0, 65535)
        return Image.fromarray((wide / 257 + 0.5).astype(np.uint8))
    if band.mode in ("LA", "PA", "RGBA", "La", "RGBa") or transparency is not None:
        if transparency is not None:
            band.info["transparency"] = transparency
        layered = band.convert("RGBA")
        backdrop = Image.new("RGBA", layered.size, BACKDROP)
        return Image.alpha_composite(backdrop, layered).convert("RGB")
    if band.mode == "1":
        return band.convert("L")
    if band.mode in ("L", "RGB", "CMYK"):
        return band
    return band.convert("RGB")


def _colour_transform(mode: str, profile: Optional[bytes]) -> Callable[[Image.Image], Image.Image]:
    """What takes ``mode`` to sRGB: by the embedded ICC profile where it can be used, else by the plain formula."""
    if profile:
        try:
            from PIL import ImageCms

            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(source):
                transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
                return lambda band: ImageCms.applyTransform(band, transform) or band
        except (ImportError, OSError, ValueError, TypeError, ImageCms.PyCMSError):
            pass  # a wrong or damaged profile: the colours may be a little off, the photo is still good
    return lambda band: band.convert("RGB")
