"""Sentences made by rule for the synthetic corpus: ever different ones, and carriers that leave no sound out.

`generated` fills patterns of public-service and school talk with words (`phrases.txt`).
`mandarin_carriers` reads one character of every syllable in every tone (`syllables.txt`: a syllable in pinyin, then a
character for each of the tones 1 to 4, "-" where the language has none; neutral tones are in the phrases).
`english_carriers` reads words of every English phoneme, and minimal pairs of what a viewer can see.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Dict, Iterator, List, NamedTuple, Tuple

import numpy as np

INITIALS = ("zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "r", "z", "c", "s")
"""Longest first, as `initial_and_final` needs them."""
CHARACTERS_A_CARRIER = 6

ENGLISH_WORDS: Dict[str, str] = {
    "p": "pie, happy, map", "b": "bee, rubber, tub", "m": "mow, summer, jam", "f": "four, coffee, leaf",
    "v": "van, over, give", "w": "one, away, quite", "θ": "three, nothing, both", "ð": "these, other, smooth",
    "t": "two, hotel, late", "d": "do, body, wide", "s": "sew, missing, bus", "z": "zoo, busy, rose",
    "ʃ": "ship, nation, wish", "ʒ": "vision, measure, beige", "ʧ": "cheap, teacher, watch", "ʤ": "joy, magic, page",
    "k": "key, baker, look", "ɡ": "go, bigger, egg", "n": "knee, dinner, fun", "ŋ": "singer, long, thank",
    "l": "low, yellow, fall", "ɹ": "row, sorry, proud", "j": "you, million, view", "h": "who, ahead, whole",
    "i": "me, beach, people", "ɪ": "big, myth, women", "ɛ": "bed, many, friend", "æ": "map, plaid, back",
    "ɑ": "palm, father, calm", "ɔ": "law, bought, warm", "ʌ": "bus, blood, month", "ʊ": "book, push, would",
    "u": "move, shoe, fruit", "ɜ": "bird, worm, early", "ə": "about, sofa, mother", "A": "may, eight, break",
    "I": "buy, high, height", "W": "now, mouse, about", "Y": "boy, voice, join", "O": "home, boat, though",
}  # fmt: skip
"""Words for every phoneme of `visemes.PHONEMES` that English has: at the start, inside and at the end."""

MINIMAL_PAIRS = (
    "pat, bat, mat, fat, vat", "pie, buy, my, fie, vie", "pore, bore, more, four, war",
    "pail, bail, mail, fail, veil, whale",
    "rope, robe, roam, rove", "cup, cub, come, cuff", "fan, van, pan, man, ban", "wine, vine, fine, pine, mine",
    "pool, poll, pill, peel", "boot, boat, bought, beat", "moon, moan, mean, main", "food, feed, fade, phoned",
    "wheel, will, well, whale, wall, wool", "sip, ship, chip, zip", "leaf, leave, leap, loom",
    "few, view, pew, mew, beauty",
)  # fmt: skip


class Syllable(NamedTuple):
    """A Mandarin syllable: toneless pinyin, and a character for each tone 1 to 4 that it has."""

    pinyin: str
    characters: Dict[int, str]


def syllables() -> List[Syllable]:
    """Every Mandarin syllable, from `syllables.txt`."""
    lines = (resources.files(__package__) / "syllables.txt").read_text(encoding="utf-8").splitlines()
    table = []
    for line in lines:
        pinyin, characters = line.split(" ")
        table.append(Syllable(pinyin, {tone: c for tone, c in enumerate(characters, 1) if c != "-"}))
    return table


def initial_and_final(pinyin: str) -> Tuple[str, str]:
    """Toneless pinyin → initial ("" if it has none) and final, as sounds: "yuan" is ("", "üan"), "ju" is ("j", "ü")."""
    initial = next((i for i in INITIALS if pinyin.startswith(i)), "")
    final = pinyin[len(initial) :]
    if initial in ("j", "q", "x") and final.startswith("u"):
        final = "ü" + final[1:]
    elif initial in ("zh", "ch", "sh", "r", "z", "c", "s") and final == "i":
        final = "-i"
    elif final.startswith("yu"):
        final = "ong" if final == "yong" else "ü" + final[2:]
    elif final.startswith("yi"):
        final = final[1:]
    elif final.startswith("y"):
        final = "i" + final[1:]
    elif final.startswith("wu"):
        final = final[1:]
    elif final.startswith("w"):
        final = "u" + final[1:]
    if not final:
        return "", pinyin  # a syllable without a vowel, as "n" for 嗯
    short = {"iou": "iu", "uei": "ui", "uen": "un", "ien": "in", "ieng": "ing", "üong": "iong", "ueng": "ong"}
    return initial, short.get(final, final)


def mandarin_carriers() -> List[str]:
    """Sentences that together read every character of the table once."""
    openings = ("请跟我读：", "下面是：", "慢慢念吧：", "我们听写：", "妹妹写的是：", "黑板上的字：")
    characters = [c for syllable in syllables() for c in syllable.characters.values()]
    # Neighbours in the table sound alike; a stride apart, each carrier has many different sounds.
    stride = -(-len(characters) // CHARACTERS_A_CARRIER)
    groups = [characters[first::stride] for first in range(stride)]
    return [f"{openings[number % len(openings)]}{'、'.join(group)}。" for number, group in enumerate(groups)]


def english_carriers() -> List[str]:
    """Words of every phoneme, and the minimal pairs."""
    openings = ("Please say: {}.", "The words are: {}.", "Listen, and repeat: {}.", "My favourites are: {}.")
    lists = [*ENGLISH_WORDS.values(), *MINIMAL_PAIRS]
    return [openings[number % len(openings)].format(words) for number, words in enumerate(lists)]


@lru_cache(maxsize=None)
def phrases(language: str) -> Tuple[Tuple[str, ...], Dict[str, Tuple[str, ...]]]:
    """The patterns of a language, and the words of every slot, from `phrases.txt`."""
    text = (resources.files(__package__) / "phrases.txt").read_text(encoding="utf-8").replace("\n ", " ")
    section = text.partition(f"[{language}]\n")[2].partition("\n[")[0]
    patterns, words = [], {}
    for line in section.splitlines():
        slot, _, content = line.partition(": ")
        if slot == "pattern":
            patterns.append(content)
        elif slot:
            words[slot] = tuple(word.strip() for word in content.split(" / "))
    return tuple(patterns), words


def generated(language: str, seed: int = 0) -> Iterator[str]:
    """Endless, never the same sentence twice, always the same list for a seed."""
    patterns, words = phrases(language)
    rng = np.random.default_rng([seed, ("english", "mandarin").index(language)])
    seen = set()
    while True:
        for pattern in rng.permutation(patterns):
            sentence = _filled(str(pattern), words, rng)
            if sentence not in seen:
                seen.add(sentence)
                yield sentence


def _filled(pattern: str, words: Dict[str, Tuple[str, ...]], rng: np.random.Generator) -> str:
    """The pattern with a word in each slot, no word twice."""
    used: List[str] = []
    while "{" in pattern:
        before, _, rest = pattern.partition("{")
        slot, _, after = rest.partition("}")
        choice = str(rng.choice([word for word in words[slot] if word not in used]))
        used.append(choice)
        pattern = before + choice + after
    return pattern
