"""How the kiosk looks: the one place of its colours, sizes and style sheet. Needs no Qt."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

TARGET_MM = 12.0
"""Side of the smallest thing that a finger must hit."""
MM_PER_INCH = 25.4
SANE_DPI = (60.0, 350.0)
"""Some screens, and all virtual ones, tell a size in millimetres that cannot be."""
ASSUMED_DPI = 110.0
LARGE_TEXT = 1.3
LINES, UPRIGHT_LINES = 34, 32
"""So many times as high as text is the shorter side of the screen."""

FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "HarmonyOS Sans SC", "Noto Sans", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "Droid Sans Fallback", "DejaVu Sans", "sans-serif",
)  # fmt: skip
"""The first that the system has; what it lacks, such as the Chinese in Noto Sans, is taken from those after it."""


@dataclass(frozen=True)
class Palette:
    """Colours as #rrggbb. ``on_x`` is what is written on ``x``; ``shade`` lies behind pictures,
    ``track`` where something could still light up."""

    background: str = "#f3f6f7"
    surface: str = "#ffffff"
    ink: str = "#14262c"
    muted: str = "#526870"
    line: str = "#d3dee1"
    track: str = "#d3dee1"
    primary: str = "#0b5d68"
    primary_pressed: str = "#084952"
    primary_soft: str = "#dcedef"
    on_primary: str = "#ffffff"
    accent: str = "#e2703a"
    record: str = "#c8372d"
    record_pressed: str = "#a12a22"
    on_record: str = "#ffffff"
    warn: str = "#96600a"
    warn_soft: str = "#fdf1dc"
    good: str = "#23744a"
    disabled: str = "#9fb0b6"
    shade: str = "#0e1d22"
    on_shade: str = "#f4fafb"
    focus: str = "#f2a33c"
    border: int = 1


HIGH_CONTRAST = Palette(
    background="#000000", surface="#000000", ink="#ffffff", muted="#ffffff", line="#ffffff", track="#595959",
    primary="#ffd60a", primary_pressed="#ffffff", primary_soft="#332b00", on_primary="#000000", accent="#ffd60a",
    record="#ff6b5e", record_pressed="#ffffff", on_record="#000000", warn="#ffd60a", warn_soft="#332b00",
    good="#5cff9d", disabled="#8c8c8c", shade="#000000", on_shade="#ffffff", focus="#00e5ff", border=3,
)  # fmt: skip


@dataclass(frozen=True)
class Theme:
    """For a screen of ``width`` × ``height`` px with ``dpi`` px an inch as the screen itself tells. Sizes are in px."""

    width: int = 1280
    height: int = 800
    dpi: float = ASSUMED_DPI
    large_text: bool = False
    high_contrast: bool = False

    @property
    def palette(self) -> Palette:
        return HIGH_CONTRAST if self.high_contrast else Palette()

    @property
    def upright(self) -> bool:
        """The screen is higher than wide."""
        return self.height > self.width

    @property
    def short(self) -> int:
        return min(self.width, self.height)

    @property
    def true_dpi(self) -> float:
        low, high = SANE_DPI
        return self.dpi if low <= self.dpi <= high else ASSUMED_DPI

    @property
    def target(self) -> int:
        """The least height and width of whatever can be touched."""
        return max(round(TARGET_MM / MM_PER_INCH * self.true_dpi + 0.5), 54, self.short // 16)

    @property
    def space(self) -> int:
        """Between things that belong together; twice that between things that do not."""
        return max(8, self.short // 65)

    @property
    def radius(self) -> int:
        return self.space + 4

    @property
    def half_space(self) -> int:
        return self.space // 2

    @property
    def quarter_space(self) -> int:
        return self.space // 4

    @property
    def padding(self) -> int:
        """Beside the text of a button."""
        return 2 * self.space

    @property
    def edge(self) -> int:
        """Line around a button."""
        return max(2, self.palette.border)

    @property
    def inner(self) -> int:
        """Height of a button inside its line: grown text wants more than a finger."""
        return max(self.target, round(2.1 * self.body)) - 2 * self.edge

    @property
    def inner_large(self) -> int:
        """Of the one button of a screen that nobody must look for."""
        return round(1.4 * self.inner)

    @property
    def inner_icon(self) -> int:
        return self.target - 2 * self.edge - 2 * self.space

    @property
    def icon(self) -> int:
        """Beside text."""
        return round(1.35 * self.body)

    @property
    def body(self) -> int:
        return self._type(1.0)

    @property
    def small(self) -> int:
        return self._type(0.84)

    @property
    def lead(self) -> int:
        return self._type(1.22)

    @property
    def title(self) -> int:
        return self._type(1.7, 1.15)

    @property
    def hero(self) -> int:
        return self._type(2.5, 1.1)

    def _type(self, scale: float, large: float = LARGE_TEXT) -> int:
        """``large``: how much grows what is large already."""
        size = max(18.0, self.short / (UPRIGHT_LINES if self.upright else LINES))
        return round(size * scale * (large if self.large_text else 1.0))

    def with_text(self, large: bool) -> Theme:
        return dataclasses.replace(self, large_text=large)

    def with_contrast(self, high: bool) -> Theme:
        return dataclasses.replace(self, high_contrast=high)

    def sheet(self) -> str:
        """Qt's style sheet of the whole window."""
        return _SHEET.format(t=self, p=self.palette, fonts=", ".join(f'"{name}"' for name in FONTS))


_SHEET = """
* {{ font-family: {fonts}; font-size: {t.body}px; color: {p.ink}; }}
#window {{ background: {p.background}; }}
QLabel {{ background: transparent; }}
QLabel[role="hero"] {{ font-size: {t.hero}px; font-weight: 600; color: {p.primary}; }}
QLabel[role="title"] {{ font-size: {t.title}px; font-weight: 600; }}
QLabel[role="lead"] {{ font-size: {t.lead}px; }}
QLabel[role="strong"] {{ font-weight: 600; }}
QLabel[role="muted"] {{ color: {p.muted}; }}
QLabel[role="small"] {{ font-size: {t.small}px; color: {p.muted}; }}
QLabel[role="warning"] {{ color: {p.warn}; font-weight: 600; }}
QFrame[role="card"] {{
    background: {p.surface}; border: {p.border}px solid {p.line}; border-radius: {t.radius}px;
}}
QFrame[role="tint"] {{ background: {p.primary_soft}; border: {p.border}px solid {p.primary_soft};
    border-radius: {t.radius}px; }}
QFrame[role="bar"] {{ background: {p.surface}; border: none; border-bottom: {p.border}px solid {p.line}; }}
QFrame[role="notice"] {{ background: {p.shade}; border: {p.border}px solid {p.on_shade};
    border-radius: {t.radius}px; }}
QFrame[role="notice"] QLabel {{ color: {p.on_shade}; }}
QPushButton {{
    min-height: {t.inner}px; padding: 0 {t.padding}px; border-radius: {t.radius}px;
    border: {t.edge}px solid {p.line}; background: {p.surface};
}}
QPushButton[large="true"] {{ min-height: {t.inner_large}px; }}
QPushButton:pressed {{ background: {p.primary_soft}; }}
QPushButton:disabled {{ color: {p.disabled}; }}
QPushButton[kind="primary"] {{
    background: {p.primary}; border-color: {p.primary}; color: {p.on_primary}; font-weight: 600;
}}
QPushButton[kind="primary"]:pressed {{ background: {p.primary_pressed}; }}
QPushButton[kind="primary"]:disabled {{ background: {p.disabled}; border-color: {p.disabled}; }}
QPushButton[kind="record"] {{
    background: {p.record}; border-color: {p.record}; color: {p.on_record}; font-weight: 600;
}}
QPushButton[kind="record"]:pressed {{ background: {p.record_pressed}; }}
QPushButton[kind="record"]:disabled {{ background: {p.disabled}; border-color: {p.disabled}; }}
QPushButton[kind="danger"] {{ color: {p.record}; }}
QPushButton[kind="quiet"] {{ background: transparent; border-color: transparent; color: {p.primary}; }}
QPushButton[kind="quiet"]:pressed {{ background: {p.primary_soft}; }}
QPushButton[kind="icon"] {{
    background: transparent; border-color: transparent; color: {p.primary}; padding: 0 {t.space}px;
    min-width: {t.inner_icon}px;
}}
QPushButton[kind="icon"]:pressed, QPushButton[kind="icon"]:checked {{ background: {p.primary_soft}; }}
QPushButton[kind="segment"] {{ border-color: {p.line}; padding: 0 {t.space}px; }}
QPushButton[kind="segment"]:checked {{
    background: {p.primary}; border-color: {p.primary}; color: {p.on_primary}; font-weight: 600;
}}
QListWidget {{ background: transparent; border: none; outline: none; }}
QProgressBar {{ border: none; border-radius: {t.quarter_space}px; background: {p.track}; }}
QProgressBar::chunk {{ border-radius: {t.quarter_space}px; background: {p.accent}; }}
QScrollBar:vertical {{ background: transparent; width: {t.space}px; margin: 0; }}
QScrollBar::handle:vertical {{ background: {p.line}; border-radius: {t.half_space}px; min-height: {t.target}px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
"""
