"""The table of the viseme rules: everything a linguist may want to change, and nothing else.

Read with `visemes`, which turns it into curves. Weights are those of the ARKit coefficients; times are in seconds.
Sources: JALI (Edwards et al. 2016) for closures, protrusion and sibilants; Cohen & Massaro (1993) for blending. The
Mandarin rows are our own.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

from appliance.pipeline.coefficients import INDEX

SILENCE = "_"
"""The symbol of a pause: word spaces, punctuation, and the quiet at both ends."""

STRESS = "ˈˌ"
"""Marks that may precede an English vowel."""

# --- mouth shapes -----------------------------------------------------------------------------------------------------


class Shape(NamedTuple):
    """Coefficient → weight, and how strongly the sound insists on each articulator (0 not at all, 1 fully)."""

    weights: Dict[str, float]
    jaw: float
    lips: float
    rounding: float
    spreading: float


def shape(jaw: float, lips: float, rounding: float, spreading: float, **weights: float) -> Shape:
    """A shape; a weight named without side ("mouthPress") means both sides."""
    sided: Dict[str, float] = {}
    for name, weight in weights.items():
        names = [name] if name in INDEX else [name + "Left", name + "Right"]
        sided.update(dict.fromkeys(names, weight))
    return Shape(sided, jaw, lips, rounding, spreading)


# The four strengths are those of jaw, lips, rounding and spreading.
SHAPES: Dict[str, Shape] = {
    # closures; enforced by rule 3
    "PP": shape(
        0.9, 1.0, 0.1, 0.1, jawOpen=0.04, mouthClose=0.04, mouthPress=0.3, mouthRollUpper=0.25, mouthRollLower=0.28
    ),
    "FF": shape(0.9, 1.0, 0.2, 0.2, jawOpen=0.08, mouthRollLower=0.35, mouthUpperUp=0.2, mouthShrugUpper=0.05),
    # tongue: the lips follow the neighbours
    "TH": shape(0.7, 0.4, 0.1, 0.1, jawOpen=0.12, tongueOut=0.25, mouthLowerDown=0.14, mouthUpperUp=0.08),
    "DD": shape(0.6, 0.1, 0.05, 0.05, jawOpen=0.1, mouthLowerDown=0.1),
    "NN": shape(0.5, 0.1, 0.05, 0.05, jawOpen=0.12, mouthLowerDown=0.08),
    "LL": shape(0.5, 0.1, 0.05, 0.05, jawOpen=0.2, mouthLowerDown=0.1),
    "KK": shape(0.35, 0.05, 0.05, 0.05, jawOpen=0.16, mouthLowerDown=0.06),
    # sibilants: a nearly closed jaw, teeth in sight
    "SS": shape(1.0, 0.6, 0.2, 0.5, jawOpen=0.06, mouthStretch=0.22, mouthUpperUp=0.14, mouthLowerDown=0.22),
    "XX": shape(
        1.0, 0.6, 0.2, 0.7, jawOpen=0.07, mouthStretch=0.28, mouthSmile=0.15, mouthUpperUp=0.1, mouthLowerDown=0.16
    ),
    "CH": shape(
        0.9, 0.6, 0.8, 0.5, jawOpen=0.1, mouthFunnel=0.5, mouthPucker=0.3, mouthUpperUp=0.08, mouthLowerDown=0.1
    ),
    "ZH": shape(
        0.9, 0.6, 0.4, 0.3, jawOpen=0.1, mouthFunnel=0.28, mouthPucker=0.12, mouthUpperUp=0.08, mouthLowerDown=0.14
    ),
    "RR": shape(0.6, 0.4, 0.7, 0.4, jawOpen=0.13, mouthFunnel=0.26, mouthPucker=0.3),
    # vowels
    "AA": shape(1.0, 1.0, 0.7, 0.7, jawOpen=0.62, mouthLowerDown=0.14, mouthUpperUp=0.08),
    "AE": shape(1.0, 1.0, 0.7, 0.8, jawOpen=0.54, mouthStretch=0.16, mouthLowerDown=0.16, mouthUpperUp=0.1),
    "AH": shape(1.0, 1.0, 0.6, 0.6, jawOpen=0.43, mouthLowerDown=0.12, mouthUpperUp=0.06),
    "EH": shape(
        1.0, 1.0, 0.7, 0.8, jawOpen=0.33, mouthStretch=0.18, mouthSmile=0.08, mouthLowerDown=0.14, mouthUpperUp=0.1
    ),
    "ER": shape(0.9, 0.8, 0.7, 0.6, jawOpen=0.24, mouthFunnel=0.2, mouthPucker=0.18, mouthLowerDown=0.06),
    "UH": shape(0.7, 0.6, 0.4, 0.4, jawOpen=0.24, mouthLowerDown=0.08),
    "EE": shape(1.0, 1.0, 0.8, 0.6, jawOpen=0.28, mouthStretch=0.14, mouthLowerDown=0.12, mouthUpperUp=0.05),
    "IH": shape(
        0.8, 0.7, 0.6, 0.7, jawOpen=0.2, mouthStretch=0.2, mouthSmile=0.1, mouthLowerDown=0.12, mouthUpperUp=0.07
    ),
    "II": shape(
        1.0, 1.0, 0.9, 1.0, jawOpen=0.14, mouthStretch=0.3, mouthSmile=0.22, mouthLowerDown=0.14, mouthUpperUp=0.1
    ),
    "IZ": shape(0.9, 0.8, 0.6, 0.7, jawOpen=0.1, mouthStretch=0.22, mouthUpperUp=0.1, mouthLowerDown=0.2),
    "OO": shape(1.0, 1.0, 1.0, 0.9, jawOpen=0.34, mouthFunnel=0.38, mouthPucker=0.36),
    "OH": shape(1.0, 1.0, 0.9, 0.8, jawOpen=0.44, mouthFunnel=0.28, mouthPucker=0.14, mouthLowerDown=0.06),
    "UU": shape(1.0, 1.0, 1.0, 1.0, jawOpen=0.12, mouthPucker=0.72, mouthFunnel=0.36),
    "UX": shape(0.9, 0.8, 0.8, 0.7, jawOpen=0.18, mouthPucker=0.42, mouthFunnel=0.28),
    "YY": shape(1.0, 1.0, 1.0, 1.0, jawOpen=0.09, mouthPucker=0.84, mouthFunnel=0.36),
    "WW": shape(0.8, 0.9, 1.0, 0.8, jawOpen=0.09, mouthPucker=0.74, mouthFunnel=0.3),
    "JJ": shape(
        0.6, 0.5, 0.4, 0.7, jawOpen=0.12, mouthStretch=0.26, mouthSmile=0.18, mouthLowerDown=0.1, mouthUpperUp=0.06
    ),
}

# --- which shapes a sound has -----------------------------------------------------------------------------------------

PHONEMES: Dict[str, Tuple[str, ...]] = {
    # IPA as misaki writes it      Mandarin pinyin            English
    "p": ("PP",),                # b; p is p + ʰ              pie
    "b": ("PP",),                #                            buy
    "m": ("PP",),                # m                          my
    "f": ("FF",),                # f                          fan
    "v": ("FF",),                #                            van
    "t": ("DD",),                # d; t is t + ʰ              tie
    "d": ("DD",),                #                            die
    "n": ("NN",),                # n, and -n of an, en, in    no
    "l": ("LL",),                # l                          low
    "k": ("KK",),                # g; k is k + ʰ              key
    "ɡ": ("KK",),                #                            go
    "x": ("KK",),                # h                          loch
    "h": ("KK",),                #                            he
    "ʰ": ("KK",),                # breath of p t k q ch c
    "ŋ": ("KK",),                # -ng of ang, eng, ong       sing
    "ʔ": ("KK",),                #                            the stop in "uh-oh"
    "s": ("SS",),                # s                          see
    "z": ("SS",),                #                            zoo
    "ʦ": ("SS",),                # z; c is ʦ + ʰ
    "ɕ": ("XX",),                # x: corners spread
    "ʨ": ("XX",),                # j; q is ʨ + ʰ
    "ʂ": ("ZH",),                # sh: less round than ʃ
    "ꭧ": ("ZH",),                # zh; ch is ꭧ + ʰ
    "ɻ": ("RR",),                # r
    "ʃ": ("CH",),                #                            she
    "ʒ": ("CH",),                #                            vision
    "ʧ": ("CH",),                #                            chin
    "ʤ": ("CH",),                #                            gin
    "ɹ": ("RR",),                #                            red
    "θ": ("TH",),                #                            thin
    "ð": ("TH",),                #                            this
    "T": ("DD",),                #                            flap of "water"
    "ɾ": ("DD",),                #                            the same
    "j": ("JJ",),                # y, and the i of ia, ian    you
    "w": ("WW",),                # w, and the u of ua, uan    we
    "ɥ": ("YY",),                # yu, and the ü of üe, üan
    # vowels
    "a": ("AA",),                # a, ai, ao, an, ang         (in bath, northern)
    "ɑ": ("AA",),                #                            father
    "æ": ("AE",),                #                            cat
    "ʌ": ("AH",),                #                            bus
    "ɐ": ("AH",),                #                            (unstressed bus)
    "ɛ": ("EH",),                # ian, ie, üe                bed
    "e": ("EH",),                # ei                         (in day)
    "ə": ("UH",),                # en, eng                    about
    "ᵊ": ("UH",),                #                            pencil
    "ɜ": ("ER",),                #                            bird
    "ɚ": ("ER",),                # er                         mother
    "ɤ": ("EE",),                # e
    "i": ("II",),                # i                          me
    "ɪ": ("IH",),                # end of ai, ei              big
    "ᵻ": ("IH",),                #                            roses
    "ɨ": ("IZ",),                # i of zi ci si zhi chi shi ri
    "o": ("OO",),                # o, uo
    "ɔ": ("OO",),                # o of wo                    law
    "ɒ": ("OH",),                #                            hot, British
    "u": ("UU",),                # u                          moon
    "ʊ": ("UX",),                # ong; end of ao, ou         book
    "y": ("YY",),                # ü
    # English diphthongs, American and British
    "A": ("EH", "IH"),           #                            day
    "I": ("AA", "IH"),           #                            my
    "W": ("AA", "UX"),           #                            now
    "Y": ("OO", "IH"),           #                            boy
    "O": ("OO", "UX"),           #                            go
    "Q": ("UH", "UX"),           #                            go, British
}  # fmt: skip

VOWELS = "aɑæʌɐɛeəᵊɜɚɤiɪᵻɨoɔɒuʊyAIWYOQ"

# --- time and force ---------------------------------------------------------------------------------------------------


class Reach(NamedTuple):
    """Seconds before and after a sound in which its pull on an articulator falls to 1/e, and how much the articulator
    lags the sound."""

    ahead: float
    behind: float
    late: float


REACH: Dict[str, Reach] = {
    "jaw": Reach(0.036, 0.036, 0.036),
    "lips": Reach(0.036, 0.036, 0.036),
    "rounding": Reach(0.100, 0.056, 0.0),
    "spreading": Reach(0.056, 0.050, 0.036),
    "tongue": Reach(0.025, 0.025, 0.036),
}
"""Protrusion starts early: at 150 ms ahead a rounded sound still has 1/4 of its pull, while jaw and lips come with the
sound. They come `late`: without it these curves lead the measured faces of GRID and FACEGOOD, which agree with one
another within 0.2 frames, by some 0.9 frames in the jaw and the gap of the lips; rounding shows no clear lag
(`timing`). Closures keep the time of the sound."""

ARTICULATORS: Dict[str, Tuple[str, ...]] = {
    "jaw": ("jawOpen", "jawForward", "jawLeft", "jawRight"),
    "rounding": ("mouthFunnel", "mouthPucker"),
    "spreading": ("mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight",
                  "mouthDimpleLeft", "mouthDimpleRight"),
    "tongue": ("tongueOut",),
}  # fmt: skip
"""What each one moves; the lips move all the rest."""

CORE = 0.5
"""Share of a phoneme, in its middle, in which its pull is full."""

UNSTRESSED = 0.8
"""Jaw and lips of an English vowel without stress, as a share of the stressed one."""

ONSET = 0.12
"""The mouth begins to open this long before speech."""
DECAY = 0.14
"""It is shut this long after speech."""

CLOSURES = ("FF", "PP")
"""Shapes that are always reached: lower lip at the teeth, lips shut; where two meet, as in "have been", the later one
of the list."""
HOLD = 0.05
"""Shortest closure, however fast the speech: longer than a video frame."""
CLOSING = 0.06
"""The way into a closure."""
OPENING = 0.05
"""The way out of it."""

KEPT_IN_CLOSURE = {"mouthFunnel": 0.25, "mouthPucker": 0.7, "mouthSmileLeft": 0.7, "mouthSmileRight": 0.7,
                   "mouthStretchLeft": 0.7, "mouthStretchRight": 0.7}  # fmt: skip
"""Share of its neighbours' shape that a closure keeps: the lips of "pu" are shut and pursed. Funnelled lips part, so
little is kept of that."""

SIBILANTS = ("SS", "XX", "CH", "ZH", "IZ")
SIBILANT_JAW = 0.25
"""The jaw opens no further than this in the middle of a sibilant: the teeth nearly meet."""
