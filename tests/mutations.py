"""Hostile and damaged photos and recordings, made from a few good ones; the same each time for the same seed."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import numpy as np
from media import ENGLISH, encode, noise, write_wav
from PIL import Image

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Case:
    name: str
    content: bytes


# --- what can be done to any file -------------------------------------------------------------------------------------


def flip_bits(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 3, 10, 100))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def flip_bits_of_the_header(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 2, 5))):
        data[chance.randrange(min(len(data), 200))] ^= 1 << chance.randrange(8)


def extreme_bytes(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 5, 20))):
        data[chance.randrange(len(data))] = chance.choice((0x00, 0x7F, 0x80, 0xFF))


def extreme_number(data: bytearray, chance: random.Random) -> None:
    """A length, a count, a rate or a size somewhere in the header."""
    number = chance.choice((0, 1, 2**15 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1))
    layout = chance.choice(("<H", ">H", "<I", ">I"))
    number &= 2 ** (8 * struct.calcsize(layout)) - 1
    at = chance.randrange(max(min(len(data), 300) - 4, 1))
    data[at : at + struct.calcsize(layout)] = struct.pack(layout, number)


def cut_off(data: bytearray, chance: random.Random) -> None:
    del data[chance.choice((chance.randrange(len(data)), chance.randrange(min(len(data), 100)), len(data) - 1)) :]


def cut_out(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.choice((1, 2, 100, 1000))]


def repeat(data: bytearray, chance: random.Random) -> None:
    at, count = chance.randrange(len(data)), chance.choice((1, 16, 1000))
    data[at:at] = data[at : at + count] * chance.choice((1, 2, 50))


def swap(data: bytearray, chance: random.Random) -> None:
    size = chance.choice((4, 64, 512))
    first, second = (chance.randrange(max(len(data) - size, 1)) for _ in range(2))
    data[first : first + size], data[second : second + size] = (
        data[second : second + size], data[first : first + size],
    )  # fmt: skip


def put_in(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at:at] = bytes(chance.randrange(256) for _ in range(chance.choice((1, 3, 100))))


def blank_out(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    size = min(chance.choice((8, 200, 5000)), len(data) - at)
    data[at : at + size] = bytes(size)


DAMAGES: List[Callable[[bytearray, random.Random], None]] = [
    flip_bits, flip_bits_of_the_header, extreme_bytes, extreme_number, cut_off, cut_out, repeat, swap, put_in,
    blank_out,
]  # fmt: skip


def damaged(seeds: Dict[str, bytes], count: int, seed: int) -> Iterator[Case]:
    """``count`` files: each seed with each damage in turn, and the head of one with the tail of another."""
    chance = random.Random(seed)
    names = sorted(seeds)
    ways = [*DAMAGES, None]
    for number in range(count):
        name, damage = names[number % len(names)], ways[(number // len(names)) % len(ways)]
        if damage is None:
            other = chance.choice(names)
            head, tail = seeds[name], seeds[other]
            content = head[: chance.randrange(1, len(head))] + tail[chance.randrange(len(tail)) :]
            yield Case(f"{number}: head of {name}, tail of {other}", content)
            continue
        data = bytearray(seeds[name])
        damage(data, chance)
        yield Case(f"{number}: {name}, {damage.__name__}", bytes(data))


# --- photos -----------------------------------------------------------------------------------------------------------


def photo_seeds() -> Dict[str, bytes]:
    """A face in every format and flavour."""
    from skimage import data

    face = Image.fromarray(data.astronaut()[10:218, 120:328])
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a portrait " * 20
    alpha = face.convert("RGBA")
    alpha.putalpha(200)
    profile = _srgb_profile()
    pictures = {
        "plain.jpg": (face, {"format": "JPEG", "quality": 80}),
        "progressive.jpg": (face, {"format": "JPEG", "progressive": True, "exif": exif, "icc_profile": profile}),
        "cmyk.jpg": (face.convert("CMYK"), {"format": "JPEG"}),
        "plain.png": (face, {"format": "PNG", "exif": exif}),
        "palette.png": (face.quantize(64), {"format": "PNG", "transparency": 3, "icc_profile": profile}),
        "grey16.png": (Image.fromarray(np.asarray(face.convert("L")).astype(np.uint16) * 257), {"format": "PNG"}),
        "alpha.webp": (alpha, {"format": "WEBP", "lossless": True, "exif": exif}),
        "plain.webp": (face, {"format": "WEBP", "quality": 70}),
        "animated.webp": (face, {"format": "WEBP", "save_all": True, "append_images": [alpha] * 3}),
        "animated.png": (face, {"format": "PNG", "save_all": True, "append_images": [alpha] * 2}),
        "plain.bmp": (face, {"format": "BMP"}),
        "palette.bmp": (face.quantize(200), {"format": "BMP"}),
    }
    return {name: _saved(picture, **options) for name, (picture, options) in pictures.items()}


def hostile_photos() -> Iterator[Case]:
    """Photos made to hurt, and what is no photo at all."""
    seeds = photo_seeds()
    jpeg, png, webp, bmp = (seeds[name] for name in ("plain.jpg", "plain.png", "plain.webp", "plain.bmp"))
    yield Case("empty", b"")
    yield Case("one byte", b"\xff")
    yield Case("zeros", bytes(MEGABYTE))
    yield Case("text", b"This is no photo. " * 1000)
    yield Case("svg", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>')
    yield Case("postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n")
    yield Case("xml bomb", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "&c;&c;"><!ENTITY c "&b;">]><svg>&b;</svg>')
    yield Case("zip bomb", zip_bomb())
    yield Case("gzip-like", b"\x1f\x8b\x08" + zlib.compress(bytes(10 * MEGABYTE)))
    for format in ("GIF", "TIFF", "ICO", "PPM", "TGA", "PCX", "JPEG2000"):
        yield Case(format, _saved(Image.new("RGB", (64, 64)), format=format))
    yield Case("sound", (ENGLISH).read_bytes()[:50_000])

    yield Case("png of 2^31 pixels a side", png_of(2**31 - 1, 2**31 - 1))
    yield Case("png of no pixels", png_of(0, 0))
    yield Case("png bomb, 144 megapixels", png_of(12_000, 12_000, zlib.compress(bytes(1501 * 12_000), 9), depth=1))
    yield Case("png bomb, 81 megapixels", png_of(9_000, 9_000, zlib.compress(bytes(1126 * 9_000), 9), depth=1))
    yield Case("png that inflates beyond itself", png_of(8, 8, zlib.compress(bytes(64 * MEGABYTE))))
    yield Case("png with a text bomb", png_with(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(64 * MEGABYTE))))
    yield Case("png with many text bombs", png_with(b"zTXt", b"a\0\0" + zlib.compress(bytes(MEGABYTE - 9)), times=300))
    yield Case("png with a profile bomb", png_with(b"iCCP", b"icc\0\0" + zlib.compress(bytes(64 * MEGABYTE))))
    yield Case("png with 50,000 chunks", png_with(b"tEXt", b"a\0b", times=50_000))
    yield Case("png with a chunk of 2 GB", png[:33] + struct.pack(">I", 2**31 - 1) + b"IDAT" + png[41:])
    yield Case("png of 60,000 frames", apng_bomb())

    yield Case("jpeg of 65,535 pixels a side", jpeg_of(jpeg, 65_535, 65_535))
    yield Case("jpeg of 10,000 pixels a side", jpeg_of(jpeg, 10_000, 10_000))
    yield Case("jpeg of no pixels", jpeg_of(jpeg, 0, 0))
    yield Case("jpeg of many scans", jpeg_of_scans(4_000, 4_000, 500))
    yield Case("jpeg with trailing zip", jpeg + zip_bomb())
    yield Case("jpeg of 20,000 comments", jpeg[:2] + b"\xff\xfe\x00\x03x" * 20_000 + jpeg[2:])
    yield Case("jpeg, only markers", b"\xff\xd8" + b"\xff\xe0\x00\x02" * 50_000)
    yield Case("jpeg, fill bytes", b"\xff\xd8" + b"\xff" * MEGABYTE)
    for name, exif in exif_bombs().items():
        yield Case(f"jpeg with exif {name}", with_exif(jpeg, exif))
        yield Case(f"png with exif {name}", png[:33] + _chunk(b"eXIf", exif) + png[33:])
    yield Case("jpeg with a wrong profile", jpeg[:2] + _segment(0xE2, b"ICC_PROFILE\0\1\1" + b"\xff" * 3000) + jpeg[2:])
    yield Case("jpeg, multi-picture of 65,535", jpeg[:2] + _segment(0xE2, b"MPF\0" + multi_picture()) + jpeg[2:])

    yield Case("webp of 16,383 pixels a side", webp_canvas(16_384, 16_384, webp))
    yield Case("webp that is longer than it is", webp[:4] + struct.pack("<I", 2**32 - 1) + webp[8:])
    yield Case("webp of chunks without end", b"RIFF" + struct.pack("<I", 400_008) + b"WEBP" + b"JUNK\0\0\0\0" * 50_000)
    for field, (at, layout, values) in BMP_FIELDS.items():
        for value in values:
            changed = bytearray(bmp)
            struct.pack_into(layout, changed, at, value)
            yield Case(f"bmp, {field} {value}", bytes(changed))
    yield Case("bmp, run-length without end", bytes(_rle_bmp()))


BMP_FIELDS = {
    "pixels at": (10, "<I", (0, 53, 2**31, 2**32 - 1)),
    "header": (14, "<I", (0, 1, 12, 40, 124, 2**32 - 1)),
    "width": (18, "<i", (0, -1, 1, 100_000, 2**31 - 1, -(2**31))),
    "height": (22, "<i", (0, -1, 100_000, 2**31 - 1, -(2**31))),
    "bits": (28, "<H", (0, 1, 2, 15, 16, 64, 65_535)),
    "compression": (30, "<I", (1, 2, 3, 4, 5, 6, 2**32 - 1)),
    "colours": (46, "<I", (1, 257, 2**31, 2**32 - 1)),
}


def zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("photo.jpg", bytes(50 * MEGABYTE))
    return packed.getvalue()


def png_of(width: int, height: int, pixels: bytes = b"", depth: int = 8) -> bytes:
    """Grey."""
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", pixels or zlib.compress(bytes(100))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)


def png_with(name: bytes, body: bytes, times: int = 1) -> bytes:
    plain = _saved(Image.new("RGB", (32, 32)), format="PNG")
    return plain[:33] + _chunk(name, body) * times + plain[33:]


def apng_bomb() -> bytes:
    control = struct.pack(">IIIIIHHBB", 0, 32, 32, 0, 0, 1, 10, 0, 0)
    return png_with(b"acTL", struct.pack(">II", 60_000, 0))[:-12] + _chunk(b"fcTL", control) * 60_000


def jpeg_of(jpeg: bytes, width: int, height: int) -> bytes:
    """The same picture with other dimensions in its header."""
    at = jpeg.index(b"\xff\xc0")
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def jpeg_of_scans(width: int, height: int, scans: int) -> bytes:
    """Progressive, grey; each scan is a few bytes and makes the decoder walk over the whole picture."""
    quantiser = _segment(0xDB, b"\0" + b"\1" * 64)
    frame = _segment(0xC2, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")
    # One code of one bit each: DC difference 0; AC "the next 16384 blocks end here" with 14 more bits.
    tables = _segment(0xC4, b"\x00\1" + bytes(15) + b"\x00") + _segment(0xC4, b"\x10\1" + bytes(15) + b"\xe0")
    start = _segment(0xDA, b"\1\1\0\0\0\0") + bytes(-(-width // 8) * -(-height // 8) // 8 + 1)
    walks = -(-(width // 8) * (height // 8) // 16384) + 1
    walk = _segment(0xDA, b"\1\1\0\1\x3f\0") + bytes(walks * 2)
    return b"\xff\xd8" + quantiser + frame + tables + start + walk * scans + b"\xff\xd9"


def exif_bombs() -> Dict[str, bytes]:
    def directory(*entries: bytes, following: int = 0) -> bytes:
        return struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", following)

    def entry(tag: int, kind: int, count: int, value: int) -> bytes:
        return struct.pack("<HHII", tag, kind, count, value)

    head = b"Exif\0\0II*\0\x08\0\0\0"
    return {
        "loop": head + directory(entry(0x8769, 4, 1, 8), following=8),
        "of 4 GB": head + directory(entry(0x010E, 2, 2**32 - 1, 8)),
        "of 2^32 rationals": head + directory(entry(0x0112, 5, 2**32 - 1, 0)),
        "with orientation 4 billion": head + directory(entry(0x0112, 4, 1, 2**32 - 1)),
        "with orientation as text": head + directory(entry(0x0112, 2, 4, 0x41414141)),
        "of 5,000 entries": head + directory(*[entry(tag, 4, 1, tag) for tag in range(5_000)]),
        "without end": head + b"\xff\xff" + b"\x12\x01\x03\0" * 100,
        "pointing outside": b"Exif\0\0II*\0\xff\xff\xff\xff",
        "of division by zero": head + directory(entry(0x0112, 5, 1, 26)) + bytes(8),
    }


def with_exif(jpeg: bytes, exif: bytes) -> bytes:
    return jpeg[:2] + _segment(0xE1, exif[:65_533]) + jpeg[2:]


def multi_picture() -> bytes:
    """A multi-picture index (CIPA DC-007) that promises 65,535 pictures."""
    entry = struct.pack("<HHII", 0xB001, 4, 1, 65_535) + struct.pack("<HHII", 0xB002, 7, 16 * 65_535, 8)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 2) + entry + bytes(4)


def webp_canvas(width: int, height: int, webp: bytes) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    extended = b"VP8X\x0a\0\0\0\x10\0\0\0" + size
    return b"RIFF" + struct.pack("<I", len(webp) - 8 + len(extended)) + b"WEBP" + extended + webp[12:]


def _rle_bmp() -> bytes:
    header = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 0, 0, 0, 1078, 40, 9_000, 9_000, 1, 8, 1, 0, 0, 0, 256, 0)
    return header + bytes(1024) + b"\0\2\xff\xff" * 10_000 + b"\xff\x01" * 100_000


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _saved(picture: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, **options)
    return file.getvalue()


def _srgb_profile() -> bytes:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


# --- recordings -------------------------------------------------------------------------------------------------------

SOUNDS: Dict[str, List[str]] = {
    "s16.wav": ["-c:a", "pcm_s16le"],
    "f32.wav": ["-c:a", "pcm_f32le"],
    "s24.wav": ["-c:a", "pcm_s24le", "-ac", "2", "-ar", "44100"],
    "adpcm.wav": ["-c:a", "adpcm_ima_wav"],
    "mulaw.wav": ["-c:a", "pcm_mulaw", "-ar", "8000"],
    "plain.w64": [],
    "plain.aiff": [],
    "plain.au": [],
    "plain.caf": ["-c:a", "pcm_s16le"],
    "plain.flac": [],
    "plain.mp3": ["-c:a", "libmp3lame", "-metadata", "title=a title"],
    "plain.m4a": ["-c:a", "aac"],
    "alac.m4a": ["-c:a", "alac"],
    "fragmented.mp4": ["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"],
    "plain.ogg": ["-c:a", "libvorbis"],
    "plain.opus": ["-c:a", "libopus"],
    "plain.aac": ["-c:a", "aac"],
    "plain.mka": ["-c:a", "flac"],
    "plain.webm": ["-c:a", "libopus"],
    "plain.wma": ["-c:a", "wmav2"],
    "plain.avi": ["-c:a", "libmp3lame"],
    "plain.flv": ["-c:a", "libmp3lame", "-ar", "44100"],
    "plain.ts": ["-c:a", "aac"],
    "plain.ac3": ["-c:a", "ac3", "-ar", "48000"],
}


def speech_seeds(folder: Path) -> Dict[str, bytes]:
    """The same sentence in every container and codec. ``folder``: for ffmpeg to write to."""
    return {
        name: encode(ENGLISH, folder / name, "-t", "1.6", *options).read_bytes() for name, options in SOUNDS.items()
    }


def hostile_speech(folder: Path) -> Iterator[Case]:
    """Recordings made to hurt, and what is none at all. ``folder``: for ffmpeg to write to."""
    speech = encode(ENGLISH, folder / "speech.wav", "-t", "1.6").read_bytes()
    samples = speech[speech.index(b"data") + 8 :]
    mp3 = encode(ENGLISH, folder / "speech.mp3", "-t", "1.6", "-c:a", "libmp3lame").read_bytes()
    m4a = encode(ENGLISH, folder / "speech.m4a", "-t", "1.6", "-c:a", "aac").read_bytes()
    yield Case("empty", b"")
    yield Case("one byte", b"R")
    yield Case("zeros", bytes(MEGABYTE))
    yield Case("noise", random.Random(0).getrandbits(8 * MEGABYTE).to_bytes(MEGABYTE, "big"))
    yield Case("zip bomb", zip_bomb())
    yield Case("photo", _saved(Image.new("RGB", (64, 64)), format="PNG"))
    for name, text in PLAYLISTS.items():
        yield Case(name, text.encode())
        yield Case(f"{name} behind a wav header", speech[:44] + text.encode())
    for rate in (0, 1, 2, 100, 3_999, 7_999, 192_000, 1_000_000, 2**31 - 1, 2**32 - 1):
        yield Case(f"wav of {rate} Hz", wav(samples, rate=rate))
        yield Case(f"wav of {rate} Hz without end", wav(samples, rate=rate, length=2**32 - 1))
    for channels in (0, 3, 8, 64, 255, 512, 1_000, 65_535):
        yield Case(f"wav of {channels} channels", wav(samples, channels=channels))
    for bits in (0, 1, 4, 7, 12, 33, 64, 65_535):
        yield Case(f"wav of {bits} bits", wav(samples, bits=bits))
    for kind in (0, 2, 3, 6, 0x11, 0x55, 0x92, 0x161, 0xFFFE, 0xFFFF):
        yield Case(f"wav of format {kind:#x}", wav(samples, kind=kind))
    for length in (0, 1, 2**31 - 1, 2**31, 2**32 - 1):
        yield Case(f"wav of {length} bytes", wav(samples, length=length))
    for name, value in {"nan": np.nan, "inf": np.inf, "1e38": 1e38, "denormal": 1e-42}.items():
        floats = np.frombuffer(samples, dtype="<i2").astype("<f4") / 32768
        floats[::7] = value
        yield Case(f"wav with {name}", wav(floats.tobytes(), kind=3, bits=32))
        yield Case(f"wav of {name}", wav(np.full(20_000, value, "<f4").tobytes(), kind=3, bits=32))
    nested = b""
    for _ in range(2_000):
        nested = b"LIST" + struct.pack("<I", len(nested) + 4) + b"INFO" + nested
    yield Case("wav of nested lists", speech[:12] + nested + speech[12:])
    yield Case("wav of 100,000 chunks", speech[:12] + b"junk\0\0\0\0" * 100_000 + speech[12:])
    yield Case("wav in wav", wav(speech * 3))
    yield Case("wav with another's data", speech[:44] + mp3)

    yield Case("mp3 with a tag of 256 MB", b"ID3\4\0\0\x7f\x7f\x7f\x7f" + mp3)
    yield Case("mp3 with 20,000 tags", b"ID3\4\0\0\0\0\x01\x36" + (b"TXXX\0\0\0\x01\0\0\3" * 20_000) + mp3)
    yield Case("mp3 with a picture of 4 GB", b"ID3\4\0\0\0\0\x10\0APIC\x7f\x7f\x7f\x7f\0\0" + bytes(2_000) + mp3)
    yield Case("mp3, headers only", b"\xff\xfb\x90\x64" * 50_000)

    yield Case("m4a of nested boxes", m4a[:28] + _nested_boxes(5_000) + m4a[28:])
    yield Case("m4a of a box of 2^63 bytes", m4a[:28] + b"\0\0\0\1moov" + struct.pack(">Q", 2**63 - 1) + m4a[28:])
    for box in (b"stts", b"stsz", b"stsc", b"stco", b"elst", b"mdhd", b"mvhd", b"esds", b"dref", b"hdlr"):
        at = m4a.find(box)
        for offset in (8, 12, 16):
            for number in (0, 2**31 - 1) if offset == 8 else (2**32 - 1,):
                content = _put(m4a, at + offset, struct.pack(">I", number))
                yield Case(f"m4a, {box.decode()} {number} at {offset}", content)
    yield Case("m4a with a compressed header bomb", _box(b"ftyp", b"M4A \0\0\0\0") + _compressed_header())
    yield Case("m4a that names another file", _external_track(m4a))
    yield Case("ogg of 5,000 streams", b"".join(_ogg_page(number) for number in range(5_000)))
    yield Case("flac of absurd numbers", b"fLaC\x80\0\0\x22" + b"\xff" * 34 + samples)
    yield Case("flac with a picture of 16 MB", b"fLaC\x06\xff\xff\xff" + samples)
    yield Case("aiff of endless rate", _aiff(samples, b"\x7f\xff" + b"\xff" * 8))
    yield Case("aiff of rate 0", _aiff(samples, bytes(10)))
    yield Case("au of 2^32 channels", struct.pack(">4s5I", b".snd", 24, 2**32 - 1, 3, 2**32 - 1, 2**32 - 1) + samples)
    yield Case("caf of negative length", b"caff\0\1\0\0desc" + struct.pack(">q", -32) + samples)
    yield Case(
        "matroska of unknown sizes", b"\x1a\x45\xdf\xa3\x01" + b"\xff" * 7 + b"\x18\x53\x80\x67\x01" + b"\xff" * 5_000
    )
    yield Case("text", b"This is no recording. " * 1000)
    silent = write_wav(folder / "silent.wav", np.zeros(16_000))
    yield Case("silence", silent.read_bytes())
    yield Case("hiss", write_wav(folder / "noise.wav", noise(1.0)).read_bytes())


PLAYLISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "m3u8 with a key": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="file:///etc/passwd"\n#EXTINF:9,\nhttp://127.0.0.1/x.ts\n',
    "concat": "ffconcat version 1.0\nfile '/etc/passwd'\nfile 'http://127.0.0.1/'\n",
    "pls": "[playlist]\nFile1=/etc/passwd\nLength1=9\nNumberOfEntries=1\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "dash": '<?xml version="1.0"?><MPD type="static"><Period><AdaptationSet><Representation id="1">'
    "<BaseURL>file:///etc/passwd</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "smil": '<smil><body><audio src="file:///etc/passwd"/></body></smil>',
    "rtsp": "RTSPtext rtsp://127.0.0.1/secret",
    "ffmetadata": ";FFMETADATA1\ntitle=x\n",
    "lavfi": "movie=/etc/passwd,aevalsrc=0",
    "subtitles": "1\n00:00:00,000 --> 00:00:09,000\nfile:///etc/passwd\n",
    "image list": "ffmpeg image2 /etc/%d.png",
}
"""Files that are lists of other files, or programs."""


def wav(
    samples: bytes, rate: int = 16_000, channels: int = 1, bits: int = 16, kind: int = 1, length: int = -1
) -> bytes:
    frame = channels * bits // 8
    layout = struct.pack("<HHIIHH", kind, channels, rate, rate * frame % 2**32, frame % 2**16, bits)
    size = len(samples) if length < 0 else length
    return (
        b"RIFF" + struct.pack("<I", (36 + size) % 2**32) + b"WAVEfmt " + struct.pack("<I", 16) + layout
        + b"data" + struct.pack("<I", size) + samples
    )  # fmt: skip


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + name + body


def _nested_boxes(depth: int) -> bytes:
    nested = b""
    for _ in range(depth):
        nested = _box(b"moov", nested)
    return nested


def _compressed_header() -> bytes:
    """QuickTime's compressed movie header, 64 MB of nothing."""
    packed = struct.pack(">I", 64 * MEGABYTE) + zlib.compress(bytes(64 * MEGABYTE))
    return _box(b"moov", _box(b"cmov", _box(b"dcom", b"zlib") + _box(b"cmvd", packed)))


def _external_track(m4a: bytes) -> bytes:
    """Its samples are said to lie in a file of this machine."""
    at = m4a.find(b"url \0\0\0\1")
    assert at > 0
    return _put(m4a, at, b"url \0\0\0\0").replace(b"stco\0\0\0\0\0\0\0\1", b"stco\0\0\0\0\0\0\0\1", 1)


def _ogg_page(serial: int) -> bytes:
    return b"OggS\0\2" + bytes(8) + struct.pack("<III", serial, 0, 0) + b"\1\x13OpusHead\1\2\0\0\x80\xbb\0\0\0\0\0"


def _aiff(samples: bytes, rate: bytes) -> bytes:
    common = struct.pack(">hIh", 1, len(samples) // 2, 16) + rate
    body = b"AIFF" + b"COMM" + struct.pack(">I", 18) + common + b"SSND" + struct.pack(">III", len(samples) + 8, 0, 0)
    return b"FORM" + struct.pack(">I", len(body) + len(samples)) + body + samples


def _put(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]
