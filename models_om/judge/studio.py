"""Makes frames and whole videos of held-out portraits, and reads them back."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, Sequence

import numpy as np

from appliance.bench.readback import Track, read_track
from appliance.pipeline.face import FaceFinder, Portrait, choose_face, crop_for, network_image
from appliance.pipeline.motion.model import LARGEST
from appliance.pipeline.photo import Photo, load_photo
from appliance.pipeline.render import Renderer, build_identity, face_canvas
from appliance.pipeline.video import write_video
from appliance.settings import MakeOptions

from .bench import Bench
from .subjects import Motion, Subject

PORTRAITS = ("0686.jpg", "1618.jpg", "0913.jpg")
"""Of the data folder's portraits: three that no network was trained on (one in ten is kept from training)."""

SIDE = 384
"""Of the frames, px: the least the appliance makes."""


class Studio:
    """Of one subject."""

    def __init__(self, subject: Subject, bench: Bench) -> None:
        self._subject, self._bench = subject, bench
        self._finder = FaceFinder(bench.models)
        self._renderers: Dict[str, Renderer] = {}

    def renderer(self, portrait: str) -> Renderer:
        if portrait not in self._renderers:
            photo = load_photo(self._bench.data / "portraits" / portrait)
            face = choose_face(self._finder.find(photo)).portrait
            crop = crop_for(face, MakeOptions().expand_ratio, photo)
            look, expression = self._subject.identity(network_image(photo, crop))
            store = self._subject.store
            identity = build_identity(face_canvas(photo, crop, SIDE), face.mesh, store, look, expression)
            self._renderers[portrait] = Renderer(identity, store, self._subject.painter)
        return self._renderers[portrait]

    def frames(self, portrait: str, motion: Motion, rows: Sequence[int]) -> Iterator[np.ndarray]:
        """uint8 (SIDE,SIDE,3) RGB of these rows of the motion."""
        renderer = self.renderer(portrait)
        for row in rows:
            yield renderer.frame(np.clip(motion.coefficients[row], 0, LARGEST), motion.pose[row])

    def face(self, frame: np.ndarray) -> Portrait:
        """The face of a frame. Raises `FaceNotFound`."""
        return choose_face(self._finder.find(Photo(frame))).portrait

    def film(self, portrait: str, motion: Motion, audio: Path) -> Track:
        """The face mesh of every frame of a finished video."""
        path = self._bench.scratch / "film.mp4"
        duration = self._bench.speech(audio).duration
        renderer = self.renderer(portrait)
        frames = self.frames(portrait, motion, range(len(motion.pose)))
        write_video(path, frames, renderer.size, audio, duration, MakeOptions(label="none"))
        return read_track(path, self._bench.models, self._finder)
