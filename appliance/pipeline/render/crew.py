"""Frames drawn by several threads, in order: nearly all of a frame is computed outside of Python's lock."""

from __future__ import annotations

import collections
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Deque, Generator, Iterable, Tuple

import cv2
import numpy as np

from .renderer import Renderer

Motion = Tuple[int, np.ndarray, np.ndarray]
"""Number of a frame, its coefficients (32,) and pose (6,)."""

MOST = 8
"""Threads: with more of them the encoder would be slower, and each frame begun takes up to 25 MB at 1024 px."""


def draw(renderer: Renderer, motions: Iterable[Motion], cores: int) -> Generator[Tuple[int, np.ndarray], None, None]:
    """Number and picture, uint8 (h,w,3) RGB, of each frame, drawn on so many cores.

    ``motions`` is read ahead by two frames a thread: who takes the frames may be slow now and then. Raises what
    `Renderer.frame` raises; closing the generator leaves no thread behind.
    """
    threads = min(cores, MOST)
    cv2.setNumThreads(1)  # OpenCV's own threads would stand in each other's way
    begun: Deque[Tuple[int, Future[np.ndarray]]] = collections.deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="draw") as pool:
        try:
            for number, coefficients, pose in motions:
                begun.append((number, pool.submit(renderer.frame, coefficients, pose)))
                if len(begun) > 2 * threads:
                    number, picture = begun.popleft()
                    yield number, picture.result()
            while begun:
                number, picture = begun.popleft()
                yield number, picture.result()
        finally:
            for _, picture in begun:
                picture.cancel()
