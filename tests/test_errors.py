"""The error tree: what a visitor and a script can rely on."""

from __future__ import annotations

import re
from typing import Iterator, Type

import pytest

from appliance import errors
from appliance.commands.make import EXIT_CODES
from appliance.errors import SonicError


def tree(root: Type[SonicError] = SonicError) -> Iterator[Type[SonicError]]:
    yield root
    for branch in root.__subclasses__():
        yield from tree(branch)


ALL = sorted((error for error in tree() if error.__module__ == errors.__name__), key=lambda error: error.__name__)


def test_codes_are_unique() -> None:
    codes = [error.code for error in ALL]
    assert sorted(set(codes)) == sorted(codes)


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_an_error_says_what_happened_and_what_to_do(error: Type[SonicError]) -> None:
    for text in (error.message, error.action):
        assert re.fullmatch(r"[A-Z`].*\.|ffmpeg .*\.", text), text
    assert str(error("secret detail")) == f"{error.message} {error.action}"


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_its_exit_code_is_documented(error: Type[SonicError]) -> None:
    assert re.search(rf"^  {error.exit_code} ", EXIT_CODES, re.MULTILINE)


def test_message_and_action_can_be_made_more_precise() -> None:
    error = errors.PhotoError("detail", message="Too dark.", action="Turn on the light.")
    assert (str(error), error.detail, error.code) == ("Too dark. Turn on the light.", "detail", "photo")
    assert errors.PhotoError.message != "Too dark."
