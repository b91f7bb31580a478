"""What the networks are given while the appliance makes videos: the inputs on which both arithmetics are compared.

The recordings are the demo's, the portraits any folder of photos. Other than the calibration's, these inputs need none
of what the networks were trained on; they may well have been part of it, which does not matter here: INT8 is compared
with float32, not with the truth.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np

from appliance.demo import RECORDINGS
from appliance.errors import PhotoError, UsageError
from appliance.models import ModelStore
from appliance.pipeline.face.crop import crop_for, network_image
from appliance.pipeline.face.finder import FaceFinder, choose_face
from appliance.pipeline.motion.model import TEMPERATURE, MotionModel
from appliance.pipeline.motion.sampler import WINDOW, frame_noise, sample
from appliance.pipeline.photo import load_photo
from appliance.pipeline.render.canvas import face_canvas
from appliance.pipeline.render.identity import build_identity
from appliance.pipeline.render.renderer import Renderer
from appliance.pipeline.runtime.base import Network
from appliance.pipeline.runtime.select import load_network
from appliance.pipeline.speech.recording import open_speech
from appliance.settings import MakeOptions

Feeds = List[Dict[str, np.ndarray]]

PORTRAITS = 4
RUN_TIME = ("onnx", "fp32")
EVERY = {"sonic": 1, "sonic_denoiser": 7, "sonic_painter": 15}
"""One of so many runs of a network is kept. No multiple of the sampler's steps: all of them come in turn."""


class Listener(Network):
    """A network that keeps the inputs of one run out of ``every``."""

    def __init__(self, network: Network, every: int) -> None:
        super().__init__(network.name, network.inputs, network.outputs)
        self.kept: Feeds = []
        self._network, self._every, self._runs = network, every, 0

    def _run(self, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        if self._runs % self._every == 0:
            self.kept.append({name: value.copy() for name, value in inputs.items()})
        self._runs += 1
        return self._network.run(inputs)

    def close(self) -> None:
        self._network.close()


def portraits(folder: Path) -> List[Path]:
    """Some photos of a folder, spread over it. Raises `UsageError` where there are none."""
    photos = sorted(path for path in folder.glob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not photos:
        raise UsageError(message=f"There are no photos in {folder}.", action="Name a folder of portraits.")
    return photos[:: max(1, len(photos) // PORTRAITS)][:PORTRAITS]


def heard_and_seen(photos: Sequence[Path]) -> Dict[str, Feeds]:
    """Inputs of every network while each photo speaks one of the demo's recordings; photos without a usable face are
    left out. Raises what the appliance raises."""
    store, options = ModelStore(), MakeOptions()
    networks = {name: Listener(load_network(store, name, *RUN_TIME), every) for name, every in EVERY.items()}
    motion = MotionModel(store, *RUN_TIME)
    try:
        for number, path in enumerate(photos):
            try:
                photo = load_photo(path)
                portrait = choose_face(FaceFinder(store).find(photo)).portrait
            except PhotoError:
                continue
            crop = crop_for(portrait, options.expand_ratio, photo)
            image = network_image(photo, crop)
            canvas = face_canvas(photo, crop, options.min_resolution)
            identity = build_identity(canvas, portrait.mesh, store, *motion.identity(image))
            renderer = Renderer(identity, store, networks["sonic_painter"])
            with tempfile.TemporaryDirectory() as folder:
                with open_speech(RECORDINGS[number % len(RECORDINGS)], Path(folder), store) as speech:
                    for block in motion.generate(speech, options):
                        _sampled(networks, speech.mel(block.first_frame, WINDOW), image, block.first_frame, options)
                        for coefficients, pose in zip(block.coefficients, block.pose):
                            renderer.frame(coefficients, pose)
    finally:
        for network in (motion, *networks.values()):
            network.close()
    return {name: network.kept for name, network in networks.items()}


def _sampled(
    networks: Dict[str, Listener], mel: np.ndarray, image: np.ndarray, first: int, options: MakeOptions
) -> None:
    """The motion networks over one window, as `MotionModel` runs them, with the picture seen as well."""
    condition = networks["sonic"].run({"audio_input": mel[None, None], "image_input": image})["condition"]

    def velocity(motion: np.ndarray, step: np.ndarray) -> np.ndarray:
        return networks["sonic_denoiser"].run({"motion": motion, "step": step, "condition": condition})["velocity"]

    sample(velocity, frame_noise(options.seed, first, WINDOW), options.inference_steps, TEMPERATURE)
