"""Transliteration of Hindi as people write it in English: `आम्रपाली` is amrapali, `लोटस` is lotas."""

import re

VOWELS = dict(
    zip("अआइईउऊऋएऐओऔऑऍ", ["a", "a", "i", "i", "u", "u", "ri", "e", "ai", "o", "au", "o", "e"], strict=True)
)
SIGNS = dict(zip("ािीुूृेैोौॉॅ", ["a", "i", "i", "u", "u", "ri", "e", "ai", "o", "au", "o", "e"], strict=True))
CONSONANTS = {
    "क": "k", "ख": "kh", "ग": "g", "घ": "gh", "ङ": "n",
    "च": "ch", "छ": "chh", "ज": "j", "झ": "jh", "ञ": "n",
    "ट": "t", "ठ": "th", "ड": "d", "ढ": "dh", "ण": "n",
    "त": "t", "थ": "th", "द": "d", "ध": "dh", "न": "n",
    "प": "p", "फ": "f", "ब": "b", "भ": "bh", "म": "m",
    "य": "y", "र": "r", "ल": "l", "व": "v", "श": "sh",
    "ष": "sh", "स": "s", "ह": "h", "ळ": "l",
}  # fmt: skip
VIRAMA, NUKTA = "्", "़"  # virama: no vowel after the consonant; nukta: a dot that only modifies the sound
NASALS = "ंँ"
INHERENT = "ə"
_SILENT = re.compile(r"(?<=[aeiouə])([^aeiouə]+)ə((?:[^aeiouəh]|h[^aeiouə])n?)(?=[aeiouə])")
"""Matches the reversed word: `su-pa-ra-tek` is pronounced supartek."""


def is_devanagari(word: str) -> bool:
    return any("\u0900" <= letter <= "\u097f" for letter in word)


def transliterated(word: str) -> str:
    """Transliterate as spoken: a consonant has an inherent a, silent at the end and between syllables."""
    written: list[str] = []
    letters = word.replace(NUKTA, "")
    for letter, following in zip(letters, f"{letters} "[1:], strict=True):
        if letter in CONSONANTS:
            ends = following in SIGNS or following in (VIRAMA, " ")
            written.append(CONSONANTS[letter] + ("" if ends else INHERENT))
        elif letter in NASALS:
            written.append("n")
        elif letter != VIRAMA:
            written.append(VOWELS.get(letter) or SIGNS.get(letter) or letter)
    return _SILENT.sub(r"\1\2", "".join(written)[::-1])[::-1].replace(INHERENT, "a")
