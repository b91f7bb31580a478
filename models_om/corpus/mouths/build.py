"""All three sources of open mouths, written for the painter's training."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Iterator

import numpy as np

from appliance.models import ModelStore

from ..portraits import Teacher
from . import grid, portraits, renders
from .sample import MouthSample, save

SOURCES = ("portraits", "grid", "renders")


def build(data: Path, store: ModelStore, corpus: Path, out: Path) -> Dict[str, Any]:
    """``out/{portraits,grid,renders}.npz``. ``corpus``: the motion of GRID's sentences. Returns how many."""
    out.mkdir(parents=True, exist_ok=True)
    motion = dict(np.load(corpus))
    names = (data / "grid" / "blendshape_names.txt").read_text().split()
    make: Dict[str, Callable[[], Iterator[MouthSample]]] = {
        "portraits": lambda: portraits.samples(data, store, Teacher(store.path("face_blendshapes.tflite"), names)),
        "grid": lambda: grid.samples(data, store, motion),
        "renders": lambda: renders.samples(data, store, motion),
    }
    return {name: save(make[name](), out / f"{name}.npz") for name in SOURCES}
