"""Searches as OpenSearch bodies: pure functions of the canonical search.

Facets are disjunctive. With the base B (live, sale or rent) and the visitor's choices in groups,
hits match B and all groups, and a value's count ignores the other values of its own group. The
engine counts fast when the filter *is* the query, so each group that has a choice is counted by
a body of its own, and all bodies travel in one `_msearch`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from domain.bedrooms import bhk_term
from domain.search_words import Word, search_words
from schemas.api.base import UNKNOWN
from schemas.api.geo import Geo, Point
from schemas.api.search import FloorRange, ListingSearch, Range, RoomWish, ScoreRange, Sort, Wishes, YearRange

Body = dict[str, Any]


class Group(StrEnum):
    """The visitor's choices, each narrowing what the others count; named as the search's fields."""

    PRICE = "price"
    PROPERTY_TYPE = "property_type"
    BHK = "bhk"
    LOCALITY = "locality"
    SECTOR = "sector"
    SOCIETY = "society"
    AREA = "area_sqft"
    PRICE_PER_SQFT = "price_per_sqft"
    FACING = "facing_direction"
    FURNISHING = "furnishing_status"
    POSSESSION = "possession_status"
    AGE = "age_years"
    FLOOR = "floor_number"
    VASTU = "vastu_score"
    LIGHT = "light_score"
    VASTU_ROOMS = "vastu_rooms"
    DEAL = "deal"


COUNTED_BY = {
    Group.PRICE: "price_step",
    Group.PROPERTY_TYPE: "property_type",
    Group.BHK: "bhk",
    Group.LOCALITY: "locality",
    Group.SECTOR: "sector",
    Group.SOCIETY: "society",
    Group.FACING: "facing_direction",
    Group.FURNISHING: "furnishing_status",
    Group.POSSESSION: "possession_status",
    Group.DEAL: "deal",
}
"""The index's keyword behind each group whose values are counted."""
EVERY_VALUE = 10_000  # above the cardinality of each counted field, which makes counts exact


TERMS: dict[Group, Callable[[Any], str]] = {Group.BHK: bhk_term}
"""How a choice is written in the index, where that is not the choice itself."""

LAST_KEY = [{"id": "asc"}]  # makes every order total, so that pages neither repeat nor skip
SORTS: dict[Sort, list[Body]] = {
    Sort.RELEVANCE: [{"rank": "desc"}],
    Sort.NEWEST: [{"listed_at": "desc"}],
    Sort.PRICE_ASC: [{"price": "asc"}],
    Sort.PRICE_DESC: [{"price": "desc"}],
    Sort.PRICE_PER_SQFT_ASC: [{"price_per_sqft": "asc"}],
    Sort.AREA_DESC: [{"area_sqft": "desc"}],
    Sort.VASTU_DESC: [{"vastu_score": {"order": "desc", "missing": "_last"}}],
    Sort.LIGHT_DESC: [{"light_score": {"order": "desc", "missing": "_last"}}],
    Sort.DEAL: [{"deal_order": {"order": "asc", "missing": "_last"}}],
}


def order_of(search: ListingSearch) -> list[Body]:
    if search.sort is Sort.DISTANCE and search.geo is not None and search.geo.radius is not None:
        centre = search.geo.radius.centre
        here = {"lat": centre.latitude, "lon": centre.longitude}
        return [{"_geo_distance": {"location": here, "order": "asc", "unit": "m"}}, *LAST_KEY]
    if search.sort is Sort.RELEVANCE and search.q:
        return [{"_score": "desc"}, *SORTS[Sort.RELEVANCE], *LAST_KEY]
    return SORTS[search.sort] + LAST_KEY


@dataclass(frozen=True)
class Filters:
    """What a search asks for, made once for all bodies of a request."""

    base: list[Body]
    text: list[Body]
    chosen: dict[Group, Body]

    def but(self, ignored: Group | None = None) -> Body:
        """A query for all of them, except the choices of a group that is being counted."""
        chosen = [body for group, body in self.chosen.items() if group is not ignored]
        narrowing = {"filter": self.base + chosen}
        return {"bool": narrowing | {"must": self.text} if self.text else narrowing}


def filters(search: Wishes) -> Filters:
    return Filters(base(search), match_text(search.q), choices(search))


def page_of_listings(
    search: ListingSearch, wanted: Filters, *, with_total: bool, after: Sequence[Any] | None = None
) -> Body:
    """A page by its number, or the one behind a hit with the sort values `after`.

    Behind a hit there is no telling by the total whether more follow, so there one hit more is asked for.
    """
    return {
        "query": wanted.but(),
        "sort": order_of(search),
        "size": search.page_size if after is None else search.page_size + 1,
        "track_total_hits": with_total,
        **({"from": search.offset} if after is None else {"search_after": after}),
    }


def counts(wanted: Filters, groups: Iterable[Group], *, ignoring: Group | None = None) -> Body:
    """How the listings spread over the values of some groups, and how many they are."""
    return {
        "query": wanted.but(ignoring),
        "size": 0,
        "track_total_hits": True,
        "aggs": {
            group.value: {"terms": {"field": COUNTED_BY[group], "size": EVERY_VALUE}} for group in groups
        },
    }


def with_price_ends(body: Body) -> Body:
    """The same counts, and the lowest and highest price beside them."""
    ends = {"lowest": {"min": {"field": "price"}}, "highest": {"max": {"field": "price"}}}
    return body | {"aggs": body["aggs"] | ends}


def base(search: Wishes) -> list[Body]:
    """What no count may widen: only live listings, only the kind of offer and the place asked for."""
    live: list[Body] = [{"term": {"is_active": True}}, {"term": {"listing_type": search.listing_type}}]
    return live if search.geo is None else [*live, within(search.geo)]


PLACES_OF_WORDS = {
    "society.text": 8,  # who names a society wants to live there
    "title": 4,
    "stated": 3,  # its locality, what kind of property it is
    "description": 1,
}
"""Points for a word by the best place where it is found; a listing must have all words somewhere."""
PART_OF_NAME, TYPO_IN_NAME = 3, 0.5
NOTHING: Body = {"match_none": {}}


def match_text(text: str) -> list[Body]:
    """Every word somewhere in a listing; what a visitor writes is only ever matched, never obeyed."""
    if not text:
        return []
    words = search_words(text)
    if words is None:
        return [NOTHING]
    return [{"bool": {"must": [match_word(word) for word in words]}}] if words else []


def match_word(word: Word) -> Body:
    """The best of the places where a word is found, as the beginning of a name, or mistyped in one."""
    found = [
        *(
            _worth(points, field, spelling)
            for field, points in PLACES_OF_WORDS.items()
            for spelling in word.spellings
        ),
        *(_worth(PART_OF_NAME, "society.part", part) for part in word.name_parts),
        *(
            _worth(TYPO_IN_NAME, field, name, TYPO | {"analyzer": "name"})
            for field in NAMES
            for name in word.typos
        ),
    ]
    return {"dis_max": {"queries": found}}


NAMES = ("society.name", "stated")
"""Where a typo is forgiven: their words are few, so that hardly any is near another."""
TYPO = {"fuzziness": "AUTO:5,8", "prefix_length": 1, "fuzzy_rewrite": "constant_score"}
"""Hardly anyone mistypes the first letter, and `power` is no `tower`."""


def _worth(points: float, field: str, text: str, more: Body | None = None) -> Body:
    """The same points for every listing, whatever else there is: cursors rely on it."""
    wanted = {"query": text, "operator": "and"} | (more or {})
    return {"constant_score": {"filter": {"match": {field: wanted}}, "boost": points}}


def within(geo: Geo) -> Body:
    if geo.radius is not None:
        return {"geo_distance": {"distance": f"{geo.radius.metres}m", "location": _point(geo.radius.centre)}}
    if geo.box is not None:
        box = geo.box
        sides = {"top": box.north, "left": box.west, "bottom": box.south, "right": box.east}
        return {"geo_bounding_box": {"location": sides}}
    return {"geo_polygon": {"location": {"points": [_point(point) for point in geo.polygon or ()]}}}


def _point(point: Point) -> Body:
    return {"lat": point.latitude, "lon": point.longitude}


def choices(search: Wishes) -> dict[Group, Body]:
    """One filter for each group in which something is chosen."""
    return {group: FILTERS[group](wanted) for group in Group if (wanted := getattr(search, group))}


def any_of(group: Group, values: Iterable[Any]) -> Body:
    """One of some values; or, if asked for, no value at all."""
    field, term = COUNTED_BY[group], TERMS.get(group, str)
    known = [term(value) for value in values if value != UNKNOWN]
    if UNKNOWN not in values:
        return {"terms": {field: known}}
    return _either({"terms": {field: known}}, unstated(field)) if known else unstated(field)


def between(field: str, wanted: Range | ScoreRange | YearRange | FloorRange) -> Body:
    """A range with both ends included; listings that do not say only if asked for."""
    ends = {"gte": getattr(wanted, "min", None), "lte": getattr(wanted, "max", None)}
    stated = {"range": {field: {end: value for end, value in ends.items() if value is not None}}}
    return _either(stated, unstated(field)) if getattr(wanted, "unknown", False) else stated


def unstated(field: str) -> Body:
    return {"bool": {"must_not": [{"exists": {"field": field}}]}}


def well_placed(wishes: Iterable[RoomWish]) -> Body:
    """Every wish about a room; one that is to be avoided is fulfilled where nothing is known."""
    placed: dict[str, list[Body]] = {"filter": [], "must_not": []}
    for wish in wishes:
        directions = {"terms": {f"{wish.room}_direction": wish.directions}}
        placed["must_not" if wish.avoid else "filter"].append(directions)
    return {"bool": placed}


def _either(*bodies: Body) -> Body:
    return {"bool": {"should": list(bodies)}}


FILTERS: dict[Group, Callable[[Any], Body]] = {
    **{group: partial(any_of, group) for group in COUNTED_BY},
    **{
        group: partial(between, group.value)
        for group in (
            *(Group.PRICE, Group.AREA, Group.PRICE_PER_SQFT),
            *(Group.AGE, Group.FLOOR, Group.VASTU, Group.LIGHT),
        )
    },
    Group.VASTU_ROOMS: well_placed,
}
