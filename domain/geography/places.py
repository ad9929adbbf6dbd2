"""The gazetteer: finds the sector of Noida, or the place beyond Noida, that a text names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import decimal, normalize

from schemas.sectors import SECTORS, SectorFact

BY_NUMBER: dict[str, SectorFact] = {fact.sector.casefold(): fact for fact in SECTORS}


@dataclass(frozen=True)
class Outside:
    """A place outside Noida, even if its name contains Noida."""

    name: str


GREEK = (
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|xu|omicron|pi|rho|sigma|tau"
    "|upsilon|phi|chi|psi|omega"
)
"""Greater Noida names its sectors by these letters, each with a number; Noida never does."""

NAMESAKES = re.compile(
    r"\b(?:noida (?:to )?(?:greater|gr) noida|(?:greater |gr )?noida|dadri|ghaziabad|delhi|surajpur)"
    r" (?:link |main |ma )?(?:express ?way|road|highway)\b|\bdelhi (?:ncr|public school)\b"
)
"""Names that contain a place's name but are located elsewhere."""

BEYOND: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"(?<![^ ,])(?:{pattern})(?![^ ,])"))
    for name, pattern in (
        # Most portals call Greater Noida West `Noida Extension`; its sectors reuse Noida's numbers.
        ("Greater Noida West", r"greater noida west|noida (?:extension|extention|extn|ext)|bisrakh|shahberi"),
        ("Yamuna Expressway", r"yamuna express ?way|yeida|jewar"),
        ("Greater Noida", r"(?:greater|gr|g) noida|ग्रेटर नोएडा"),
        ("Greater Noida", r"tech ?zone|eco ?tech|knowledge park|pari chowk|surajpur|kasna"),
        ("Dadri", r"dadri"),
        ("Ghaziabad", r"ghaziabad|indirapuram|vaishali|vasundhara|crossings? republik|raj nagar extension"),
        ("Delhi", r"(?:new )?delhi|mayur vihar"),
        ("Gurugram", r"gurgaon|gurugram"),
        ("Faridabad", r"faridabad"),
    )
)

# "S-62" only counts at the start of a part, because otherwise every possessive would be a sector. A sector
# before the word metro is the name of a station, and homes near it are in many sectors.
_SECTOR = re.compile(
    r"(?:\b(?:sectors?|sect?|sctr|सेक्टर) ?|(?:^|,) ?s ?)0*(\d{1,3})"
    r"(?:([a-z])\b| ([a-z])\b(?! (?:block|pocket|wing))|(?![a-z\d]))(?! metro)"
)
_GREEK = re.compile(rf"\bsector (?:{GREEK})\b|\b(?:{GREEK}) ?\d|(?:^|,) ?(?:{GREEK}) ?(?:,|$)")
_GAPS = re.compile(r"(?:[^\w,\u0900-\u0963]|_)+")
_DIGIT = re.compile(r"\d")


@lru_cache(maxsize=1024)
def find_place(text: str) -> SectorFact | Outside | None:
    """Return the place beyond Noida that a text names, else its first sector, else None.

    `Sector 16, Greater Noida` is not Noida's Sector 16; `Sigma 4, Noida` is not in Noida at all.
    """
    plain = plain_words(text)
    return find_beyond(plain) or find_sector(plain) or find_greek_sector(plain)


def plain_words(text: str) -> str:
    """Normalize to lower case, ASCII digits and single blanks; commas stay as separators."""
    text = normalize("NFKC", text[:500]).casefold()
    if not text.isascii():
        text = _DIGIT.sub(lambda digit: str(decimal(digit[0])), text)
    return _GAPS.sub(" ", text).strip(" ,")


def find_beyond(plain: str) -> Outside | None:
    return next((Outside(name) for name, _, _ in beyond(plain)), None)


def beyond(plain: str) -> Iterator[tuple[str, int, int]]:
    """Yield the places beyond Noida that a text names, with the position [start, end) of each."""
    places = NAMESAKES.sub(lambda namesake: " " * len(namesake[0]), plain)
    for name, pattern in BEYOND:
        for named in pattern.finditer(places):
            yield name, *named.span()


def find_sector(plain: str) -> SectorFact | None:
    sectors = (_sector(*named) for named in _SECTOR.findall(plain))
    return next((sector for sector in sectors if sector), None)


def _sector(number: str, suffix: str, loose_suffix: str) -> SectorFact | None:
    """Find a sector; `93a` must be that sector, `93 a` may also be Sector 93 followed by a word."""
    return BY_NUMBER.get(number + (suffix or loose_suffix)) or (
        BY_NUMBER.get(number) if loose_suffix else None
    )


def find_greek_sector(plain: str) -> Outside | None:
    return Outside("Greater Noida") if greek_sector(plain) else None


def greek_sector(plain: str) -> tuple[int, int] | None:
    """Return the position [start, end) of a sector named as in Greater Noida."""
    named = _GREEK.search(plain)
    return named and named.span()
