"""Pictures of every kind become the same upright sRGB pixels; what is no picture is refused by name."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Callable, Dict, Type

import cv2
import numpy as np
import pytest
from mutations import jpeg_of_scans
from PIL import Image

from appliance.errors import PhotoError, PhotoNotFound, PhotoTooLarge, PhotoUnreadable
from appliance.pipeline.photo import WORKING_SIDE, load_photo

SIZE = (96, 64)


def colours() -> Image.Image:
    """Four flat quarters, each of another colour, wider than high."""
    picture = Image.new("RGB", SIZE, (200, 40, 40))
    picture.paste((40, 160, 60), (48, 0, 96, 32))
    picture.paste((50, 60, 190), (0, 32, 48, 64))
    picture.paste((230, 220, 90), (48, 32, 96, 64))
    return picture


def quarters(pixels: np.ndarray) -> np.ndarray:
    """The colour of each quarter's middle, (2, 2, 3)."""
    height, width = pixels.shape[:2]
    return pixels[height // 4 :: height // 2, width // 4 :: width // 2].astype(int)


COLOURS = quarters(np.asarray(colours()))
GREYS = quarters(np.asarray(colours().convert("L").convert("RGB")))


def save_rgb16(path: Path) -> None:
    cv2.imwrite(str(path), np.asarray(colours()).astype(np.uint16)[:, :, ::-1] * 257)


def save_grey16(path: Path) -> None:
    Image.fromarray(np.asarray(colours().convert("L")).astype(np.uint16) * 257).save(path)


def save_animation(path: Path) -> None:
    colours().save(path, save_all=True, append_images=[Image.new("RGB", SIZE)], duration=100, lossless=True)


WRITERS: Dict[str, Callable[[Path], None]] = {
    "plain.jpg": lambda path: colours().save(path, quality=95, subsampling=0),
    "progressive.jpeg": lambda path: colours().save(path, quality=95, subsampling=0, progressive=True),
    "cmyk.jpg": lambda path: colours().convert("CMYK").save(path, quality=95),
    "plain.png": lambda path: colours().save(path),
    "palette.png": lambda path: colours().quantize(16).save(path),
    "opaque_alpha.png": lambda path: colours().convert("RGBA").save(path),
    "sixteen_bit.png": save_rgb16,
    "lossless.webp": lambda path: colours().save(path, lossless=True),
    "animated.webp": save_animation,
    "animated.png": save_animation,
    "plain.bmp": lambda path: colours().save(path),
    "wrong_suffix.txt": lambda path: colours().save(path, format="PNG"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_colour_picture_gives_the_same_pixels(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    photo = load_photo(tmp_path / name)
    assert photo.pixels.dtype == np.uint8
    assert (photo.width, photo.height) == SIZE
    assert np.abs(quarters(photo.pixels) - COLOURS).max() <= 6


@pytest.mark.parametrize(
    "name, write",
    [
        ("grey.jpg", lambda path: colours().convert("L").save(path, quality=95)),
        ("grey.png", lambda path: colours().convert("L").save(path)),
        ("grey_alpha.png", lambda path: colours().convert("LA").save(path)),
        ("grey16.png", save_grey16),
        ("grey.bmp", lambda path: colours().convert("L").save(path)),
    ],
)
def test_grey_pictures_keep_their_brightness(name: str, write: Callable[[Path], None], tmp_path: Path) -> None:
    write(tmp_path / name)
    assert np.abs(quarters(load_photo(tmp_path / name).pixels) - GREYS).max() <= 2


def test_one_bit_picture_is_black_and_white(tmp_path: Path) -> None:
    picture = Image.new("1", SIZE, 0)
    picture.paste(1, (48, 0, 96, 64))
    picture.save(tmp_path / "fax.png")
    pixels = load_photo(tmp_path / "fax.png").pixels
    assert (pixels[:, :48] == 0).all() and (pixels[:, 48:] == 255).all()


@pytest.mark.parametrize("kind", ["alpha", "palette", "colour key"])
def test_what_is_transparent_becomes_white(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "cut_out.png"
    if kind == "alpha":
        picture = colours().convert("RGBA")
        picture.paste((0, 0, 0, 0), (0, 0, 48, 32))
        picture.save(path)
    elif kind == "palette":
        picture = Image.new("P", SIZE, 1)
        picture.putpalette([0, 0, 0, 10, 20, 30])
        picture.paste(0, (0, 0, 48, 32))
        picture.save(path, transparency=0)
    else:
        colours().save(path, transparency=(200, 40, 40))
    pixels = load_photo(path).pixels
    assert (pixels[:32, :48] == 255).all()
    assert (pixels[32:, 48:] < 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_exif_rotation_is_undone(orientation: int, suffix: str, tmp_path: Path) -> None:
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # how a camera held like this would have stored the picture
    stored = colours() if orientation == 1 else colours().transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / ("held." + suffix)
    stored.save(path, exif=exif.tobytes(), quality=95)
    photo = load_photo(path)
    assert (photo.width, photo.height) == SIZE
    assert np.abs(quarters(photo.pixels) - COLOURS).max() <= 8


def test_damaged_exif_does_not_spoil_the_photo(tmp_path: Path) -> None:
    colours().save(tmp_path / "odd.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + bytes(8), quality=95)
    assert load_photo(tmp_path / "odd.jpg").width == SIZE[0]


def icc_profile(red: tuple, green: tuple, blue: tuple) -> bytes:
    """A matrix profile (ICC.1:2001-04) with the given primaries in XYZ (D50) and a gamma of 2.2."""

    def xyz(*values: float) -> bytes:
        return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curve = b"curv" + bytes(4) + struct.pack(">IHxx", 1, round(2.2 * 256))
    words = b"strange"
    described = b"desc" + bytes(4) + struct.pack(">I", len(words) + 1) + words + bytes(1 + 8 + 3 + 67)
    text = b"text" + bytes(4) + b"none\0"
    tags = [(b"desc", described), (b"cprt", text), (b"wtpt", xyz(0.9642, 1.0, 0.8249))]
    tags += [(b"rXYZ", xyz(*red)), (b"gXYZ", xyz(*green)), (b"bXYZ", xyz(*blue))]
    tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    body, table, offset = b"", struct.pack(">I", len(tags)), 128 + 4 + 12 * len(tags)
    for name, content in tags:
        table += name + struct.pack(">II", offset + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">I4xI4s4s4s12x4s", offset + len(body), 0x02100000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    head += bytes(68 - len(head)) + struct.pack(">iii", 63190, 65536, 54061)
    return head + bytes(128 - len(head)) + table + body


RED, GREEN, BLUE = (0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_embedded_colour_profile_is_applied(suffix: str, tmp_path: Path) -> None:
    """With the first two primaries exchanged, what is stored as red is meant as green."""
    path = tmp_path / ("profiled." + suffix)
    Image.new("RGB", SIZE, (220, 30, 30)).save(path, icc_profile=icc_profile(GREEN, RED, BLUE), quality=95)
    red, green, blue = load_photo(path).pixels[20, 20].astype(int)
    assert abs(green - 220) < 12 and red < 60 and blue < 60


@pytest.mark.parametrize("profile", [b"not a profile", icc_profile(RED, GREEN, BLUE)[:150]])
def test_damaged_colour_profile_is_ignored(profile: bytes, tmp_path: Path) -> None:
    colours().save(tmp_path / "profiled.png", icc_profile=profile)
    assert np.abs(quarters(load_photo(tmp_path / "profiled.png").pixels) - COLOURS).max() <= 2


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_forty_megapixels_are_shrunk_without_shift(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / ("large." + suffix)
    colours().resize((7302, 5478), Image.Resampling.NEAREST).save(path, compress_level=1)
    photo = load_photo(path)
    assert max(photo.width, photo.height) <= WORKING_SIDE
    assert photo.width / photo.height == pytest.approx(7302 / 5478, rel=1e-3)
    assert photo.width > WORKING_SIDE / 2
    assert np.abs(quarters(photo.pixels) - COLOURS).max() <= 6
    border = np.argmax(photo.pixels[10, :, 1] > 100)
    assert border == pytest.approx(photo.width / 2, abs=1)


PEAK = """
import resource, sys
from appliance.pipeline.photo import load_photo
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
load_photo(sys.argv[1])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_forty_megapixels_with_alpha_need_little_more_than_the_decoded_picture(tmp_path: Path) -> None:
    Image.new("RGBA", (7302, 5478), (90, 120, 30, 200)).save(tmp_path / "large.png", compress_level=1)
    command = [sys.executable, "-c", PEAK, str(tmp_path / "large.png")]
    megabytes = int(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120).stdout)
    assert megabytes < 7302 * 5478 * 4 / 1e6 + 150


def png_header(width: int, height: int) -> bytes:
    """A PNG that announces its size and then ends."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    data = b"IDAT" + zlib.compress(b"\0")
    return start + struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))


def encoded(suffix: str) -> bytes:
    noise = np.random.RandomState(0).randint(0, 255, (8, 12, 3)).astype(np.uint8)
    return bytes(cv2.imencode(suffix, cv2.resize(noise, SIZE))[1])


BAD_FILES = [
    ("empty", b"", PhotoUnreadable),
    ("text", b"Dear photo studio,\n" * 50, PhotoUnreadable),
    ("pdf", b"%PDF-1.7\n" + bytes(500), PhotoUnreadable),
    ("svg", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", PhotoUnreadable),
    ("sound", b"RIFF\x24\0\0\0WAVEfmt " + bytes(60), PhotoUnreadable),
    ("eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", PhotoUnreadable),
    ("jpeg cut short", encoded(".jpg")[:-600], PhotoUnreadable),
    ("png cut short", encoded(".png")[:-600], PhotoUnreadable),
    ("webp cut short", encoded(".webp")[:-600], PhotoUnreadable),
    ("bmp cut short", encoded(".bmp")[:-600], PhotoUnreadable),
    ("jpeg signature only", b"\xff\xd8\xff\xe0", PhotoUnreadable),
    ("png of no size", png_header(0, 10), PhotoUnreadable),
    ("png with broken compression", encoded(".png")[:41] + b"\xff" * 4 + encoded(".png")[45:], PhotoUnreadable),
    ("110 megapixels", png_header(11_000, 10_000), PhotoTooLarge),
    ("decompression bomb", png_header(200_000, 200_000), PhotoTooLarge),
    ("61 scans of 98 megapixels", jpeg_of_scans(9_900, 9_900, 60), PhotoUnreadable),
    ("a million markers", b"\xff\xd8" + b"\xff\xe0\x00\x02" * 1_000_000, PhotoUnreadable),
]


@pytest.mark.parametrize("name, content, error", BAD_FILES, ids=[row[0] for row in BAD_FILES])
def test_bad_file_is_refused_by_name(name: str, content: bytes, error: Type[PhotoError], tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(PhotoError) as refused:
        load_photo(tmp_path / "photo.jpg")
    assert type(refused.value) is error
    assert "photo.jpg" not in refused.value.detail


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(str(tmp_path / "pipe"))
    for path, error in [
        (tmp_path / "missing.jpg", PhotoNotFound),
        (tmp_path / "no" / "folder.jpg", PhotoNotFound),
        (Path("nul\0byte.jpg"), PhotoNotFound),
        (tmp_path, PhotoUnreadable),
        (tmp_path / "pipe", PhotoUnreadable),
    ]:
        with pytest.raises(error):
            load_photo(path)
