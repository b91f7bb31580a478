"""Everything the screens say exists in both languages, and nothing else is shown."""

from __future__ import annotations

import ast
import dataclasses
import re
import string
from pathlib import Path
from typing import Any, Callable, Iterator, Type

import pytest

pytest.importorskip("PyQt5.QtWidgets")
pytest.importorskip("qtawesome")
pytest.importorskip("segno")

from ui.kiosk.seen import controls, texts

from appliance import errors
from appliance.capture.camera.guidance import GUIDANCE
from appliance.engine.job import Failure
from appliance.errors import SonicError
from appliance.ui import kiosk as package
from appliance.ui.flow import LANGUAGES
from appliance.ui.locale import ROOMS, TEXTS, explain, tr
from tools.kiosk_scenes import SCENES, Material, enact

CHINESE = re.compile("[\u4e00-\u9fff]")
KEY = re.compile(r"[a-z_]+(\.[a-z_0-9]+)+")
OWN_NAME = "language.other"
"""Each language is offered in its own words."""


def kinds(root: Type[SonicError]) -> Iterator[Type[SonicError]]:
    yield root
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield from kinds(kind)


def values_of(text: str) -> Any:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_text_is_there_in_both_languages_with_the_same_values() -> None:
    for key, both in TEXTS.items():
        assert len(both) == len(LANGUAGES), key
        chinese, english = both
        assert chinese.strip() == chinese and english.strip() == english and chinese and english, key
        assert values_of(chinese) == values_of(english), key
        if not key.startswith("language.") and key != "header.language":
            assert not CHINESE.search(english), key
            assert CHINESE.search(chinese) or not re.search("[a-zA-Z]{2}", re.sub("{.*?}", "", english)), key


def test_no_two_rooms_use_the_same_key() -> None:
    assert len(TEXTS) == sum(len(room.TEXTS) for room in ROOMS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_is_explained(language: str) -> None:
    for kind in kinds(SonicError):
        error = kind()
        message, action = explain(Failure(error.code, error.message, error.action), language)
        assert message and action, error.code
        assert error.code == "internal" or message != tr("error.internal", language), error.code
        assert "`" not in message + action, "a visitor has no command line"


def test_an_error_nobody_knows_is_explained_as_a_fault_of_the_machine() -> None:
    assert explain(Failure("from_the_future", "Boom", "Panic"), "en")[0] == tr("error.internal", "en")


def test_all_that_the_viewfinder_says_is_there() -> None:
    assert {f"guidance.{key}" for key in GUIDANCE} == {key for key in TEXTS if key.startswith("guidance.")}


def test_every_key_in_the_code_has_a_text() -> None:
    rooms = {key.split(".")[0] for key in TEXTS}
    used = set()
    for path in Path(package.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            text = getattr(node, "value", getattr(node, "s", None)) if id(node) not in inside else None
            if isinstance(text, str) and KEY.fullmatch(text) and text.split(".")[0] in rooms:
                used.add(text)
    assert len(used) > 60
    assert used - set(TEXTS) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_is_changed_on_every_screen_at_once(
    kiosk: Callable[..., Any], material: Material, language: str
) -> None:
    """Each scene is brought about in one language and seen in the other."""
    other = LANGUAGES[1 - LANGUAGES.index(language)]
    own_name, files = {tr(OWN_NAME, language), tr("header.language", language)}, {"朗诵《春晓》.m4a"}
    window = kiosk()
    for scene in SCENES:
        enact(window, scene, material, other)
        window.show(dataclasses.replace(window.visit, language=language))
        said = {widget.text() for widget in texts(window)} | {widget.accessibleName() for widget in controls(window)}
        for text in said - own_name - files:
            assert not KEY.fullmatch(text), (scene.name, text)
            assert not (language == "en" and CHINESE.search(text)), (scene.name, text)
            wrong = {pair[LANGUAGES.index(other)] for pair in TEXTS.values() if pair[0] != pair[1]}
            assert text not in wrong, (scene.name, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_control_has_a_name_for_who_cannot_see_it(
    kiosk: Callable[..., Any], material: Material, language: str
) -> None:
    window = kiosk()
    for scene in SCENES:
        enact(window, scene, material, language)
        for widget in controls(window):
            assert widget.accessibleName(), (scene.name, type(widget).__name__)
