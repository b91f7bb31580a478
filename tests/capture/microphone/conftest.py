"""Every kind of microphone."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest
from capture.microphone.rigs import (
    CARD,
    STUB,
    Rig,
    alsa_rig,
    ascend_rig,
    card_rig,
    compile_c,
    file_rig,
    pulse_rig,
)

KINDS = ("file", "file-at-once", "alsa", "card", "pulse", "ascend")


@pytest.fixture(scope="session")
def ascend_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_c([STUB / "mic.c"], tmp_path_factory.mktemp("ascend") / "libmedia_mini.so", "-lm")


@pytest.fixture(scope="session")
def card_plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("card") / "libasound_module_pcm_card.so"
    return compile_c([CARD], target, "-lasound", "-lm")


@pytest.fixture(params=KINDS)
def rig(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    if request.param == "alsa":
        yield alsa_rig(tmp_path, monkeypatch)
    elif request.param == "card":
        yield card_rig(tmp_path, request.getfixturevalue("card_plugin"), monkeypatch)
    elif request.param == "pulse":
        with pulse_rig(tmp_path, monkeypatch) as pulse:
            yield pulse
    elif request.param == "ascend":
        yield ascend_rig(tmp_path, request.getfixturevalue("ascend_library"), monkeypatch)
    else:
        yield file_rig(tmp_path, real_time=request.param == "file")
