"""Draw appliance/pipeline/video/assets/ai_label.png, the visible AI mark: white text on a dark translucent plate.

Run once; the result is committed. Needs Pillow and the font *Noto Sans CJK SC Bold* (SIL Open Font License 1.1;
Debian's `fonts-noto-cjk`):  python tools/draw_label.py /usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

TEXT = "AI生成·AI-generated"
"""The font's middle dot is as wide as a Han character, its own space included."""
HAN_HEIGHT = 96
"""Pixels from the top to the bottom of the ink of 生成; `appliance/pipeline/label.py` scales by it."""
PADDING = 26
SIMPLIFIED_CHINESE = 2
"""Index of the SC face in the collection."""
OUTPUT = Path(__file__).resolve().parents[1] / "appliance" / "pipeline" / "video" / "assets" / "ai_label.png"


def font_with_ink(path: str, height: int) -> ImageFont.FreeTypeFont:
    """The font at the smallest size at which 生成 is `height` pixels high."""
    size = height
    while True:
        font = ImageFont.truetype(path, size, index=SIMPLIFIED_CHINESE)
        _, top, _, bottom = font.getbbox("生成")
        if bottom - top >= height:
            return font
        size += 1


def draw(path: str) -> Image.Image:
    """RGBA picture: the text, its plate, nothing around it."""
    font = font_with_ink(path, HAN_HEIGHT)
    left, _, right, _ = font.getbbox(TEXT)
    _, han_top, _, han_bottom = font.getbbox("生成")
    width = int(right - left) + 2 * PADDING
    height = int(han_bottom - han_top) + 2 * PADDING
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((0, 0, width - 1, height - 1), radius=height // 4, fill=(16, 16, 16, 168))
    pen.text((PADDING - left, PADDING - han_top), TEXT, font=font, fill=(255, 255, 255, 255))
    return picture


if __name__ == "__main__":
    draw(sys.argv[1]).save(OUTPUT, optimize=True)
