"""Wishes that are not read as filters: `near sector 62 metro`, `2 balconies`. They narrow nothing."""

from domain.query_reader.phrases import WORDS, Phrases, words_of
from domain.query_reader.places import SECTOR
from domain.query_reader.readings import Reading
from domain.query_reader.tokens import Tokens, glued_word_at, is_number_at, word_at

NEAR = Phrases([(WORDS["metro"]["near"], None)])
METRO = words_of("metro", "metro")
STATION = Phrases([(WORDS["metro"]["behind"], None)])
COUNTED = Phrases([(WORDS["unheld"]["counted"], None)])


def wish_at(tokens: Tokens, start: int) -> Reading | None:
    return counted_at(tokens, start) if tokens[start].number else metro_at(tokens, start)


def counted_at(tokens: Tokens, start: int) -> Reading | None:
    noun = COUNTED.at(tokens, start + 1)
    return noun and Reading(start, noun[1])


def metro_at(tokens: Tokens, start: int) -> Reading | None:
    """Read a wish for the metro, or for one of its stations, whose sector is not a place to search in."""
    near = NEAR.at(tokens, start)
    place = near[1] if near else start
    if word_at(tokens, place) in SECTOR and is_number_at(tokens, place + 1):
        place += 2
    if word_at(tokens, place) not in METRO or (place > start and not glued_word_at(tokens, place)):
        return None
    behind = STATION.at(tokens, place + 1)
    return Reading(start, behind[1] if behind else place + 1)
