"""OpenSearch bodies, built by pure functions from the canonical search.

Facets are disjunctive. Hits match the base (live, sale or rent, place) and the choices in all groups.
The count of a value ignores the choices in its own group. The engine counts fast when the filter *is*
the query, so each group with a choice is counted by a separate body. All bodies go in one `_msearch`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from domain.bedrooms import bhk_term
from domain.texts.search_words import Word, search_words
from schemas.api.base import UNKNOWN
from schemas.api.search.canonical import Known, ListingSearch, Range, RoomWish, Sort, Wishes
from schemas.api.search.geo import Geo, Point

Body = dict[str, Any]


Group = str
"""A field of the search that narrows it. A choice in one group narrows the counts of the others."""
GROUPS: tuple[Group, ...] = tuple(
    name for name in Wishes.model_fields if name not in {"q", "listing_type", "geo"}
)
PRICE: Group = "price"

COUNTED_BY: dict[Group, str] = {PRICE: "price_step"}
"""The index's field by which a group's values are counted, where it is not the field that is filtered."""
EVERY_VALUE = 10_000  # above the cardinality of each counted field, which makes counts exact


TERMS: dict[Group, Callable[[Any], str]] = {"bhk": bhk_term}
"""Functions from a choice to its index term, for groups whose terms are not simply the choice."""

LAST_KEY = [{"id": "asc"}]  # tie-breaker: makes every order total, so that pages neither repeat nor skip
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
    """The filters of a search, built once for all bodies of a request."""

    base: list[Body]
    text: list[Body]
    chosen: dict[Group, Body]

    def query(self, ignored: Group | None = None) -> Body:
        """Return a query with all filters except the choices of `ignored`, the group being counted."""
        chosen = [body for group, body in self.chosen.items() if group != ignored]
        narrowing = {"filter": self.base + chosen}
        return {"bool": narrowing | {"must": self.text} if self.text else narrowing}


def filters(search: Wishes) -> Filters:
    return Filters(base_filters(search), match_text(search.q), choice_filters(search))


def page_of_listings(
    search: ListingSearch, wanted: Filters, *, with_total: bool, after: Sequence[Any] | None = None
) -> Body:
    """Return the body for a page: by its number, or after the hit with the sort values `after`.

    After a hit, the total does not tell whether more hits follow, so one extra hit is requested.
    """
    return {
        "query": wanted.query(),
        "sort": order_of(search),
        "size": search.page_size if after is None else search.page_size + 1,
        "track_total_hits": with_total,
        **({"from": search.offset} if after is None else {"search_after": after}),
    }


def counts_query(wanted: Filters, groups: Iterable[Group], *, ignoring: Group | None = None) -> Body:
    """Return a body that counts the listings by the values of some groups, and in total."""
    return {
        "query": wanted.query(ignoring),
        "size": 0,
        "track_total_hits": True,
        "aggs": {
            group: {"terms": {"field": COUNTED_BY.get(group, group), "size": EVERY_VALUE}} for group in groups
        },
    }


def with_commonest(body: Body, group: Group, chosen: Sequence[str], *, most: int) -> Body:
    """Return the body with counts of the `most` commonest values of a group added, and of the chosen ones.

    Each shard still contributes all of its values, which makes the counts exact.
    """
    counted = {group: {"terms": {"field": group, "size": most, "shard_size": EVERY_VALUE}}}
    picked = {"terms": {"field": group, "size": len(chosen), "include": chosen}}
    return body | {"aggs": body["aggs"] | counted | ({chosen_of(group): picked} if chosen else {})}


def chosen_of(group: Group) -> str:
    """Return the name of the aggregation that counts a group's chosen values."""
    return f"chosen {group}"


def with_price_ends(body: Body) -> Body:
    """Return the body with aggregations for the lowest and highest price added."""
    ends = {"lowest": {"min": {"field": "price"}}, "highest": {"max": {"field": "price"}}}
    return body | {"aggs": body["aggs"] | ends}


def base_filters(search: Wishes) -> list[Body]:
    """Return the filters that every count keeps: live listings of the requested offer type and place."""
    live: list[Body] = [{"term": {"is_active": True}}, {"term": {"listing_type": search.listing_type}}]
    return [*live, *narrowing("geo", search.geo)]


WORD_POINTS = {
    "society.text": 8,  # a visitor who names a society wants to live there
    "title": 4,
    "stated": 3,  # locality, property type and the like
    "description": 1,
}
"""Points for a word, by the best field that contains it. A listing must contain all words somewhere."""
PART_OF_NAME, TYPO_IN_NAME = 3, 0.5
NOTHING: Body = {"match_none": {}}


def match_text(text: str) -> list[Body]:
    """Require every word somewhere in a listing. The text is only matched, never parsed as query syntax."""
    if not text:
        return []
    words = search_words(text)
    if words is None:
        return [NOTHING]
    return [{"bool": {"must": [match_word(word) for word in words]}}] if words else []


def match_word(word: Word) -> Body:
    """Score a word by its best match: in a field, as the beginning of a name, or as a typo in a name."""
    found = [
        *(
            _scored(points, field, spelling)
            for field, points in WORD_POINTS.items()
            for spelling in word.spellings
        ),
        *(_scored(PART_OF_NAME, "society.part", part) for part in word.name_parts),
        *(
            _scored(TYPO_IN_NAME, field, name, TYPO | {"analyzer": "name"})
            for field in NAMES
            for name in word.typos
        ),
    ]
    return {"dis_max": {"queries": found}}


NAMES = ("society.name", "stated")
"""Fields in which typos are tolerated: they have few distinct words, so hardly any two are similar."""
TYPO = {"fuzziness": "AUTO:5,8", "prefix_length": 1, "fuzzy_rewrite": "constant_score"}
"""The first letter must match: it is hardly ever mistyped, and `power` must not find `tower`."""


def _scored(points: float, field: str, text: str, more: Body | None = None) -> Body:
    """Score a match with constant points, independent of the rest of the index. Cursors rely on this."""
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


def choice_filters(search: Wishes) -> dict[Group, Body]:
    """Return one filter for each group that has a choice."""
    return {group: choice(group, wanted) for group in GROUPS if (wanted := getattr(search, group))}


def narrowing(field: str, wanted: Any) -> list[Body]:
    """Return the filters for one field of a search: none if its value does not narrow the search."""
    if field == "q":
        return match_text(wanted)
    if not wanted:
        return []
    return [within(wanted) if field == "geo" else choice(field, wanted)]


def choice(group: Group, wanted: Any) -> Body:
    """Return the filter for what a group chose, by its shape: a range, wishes about rooms, or values."""
    if isinstance(wanted, Range | Known):
        return between(group, wanted)
    if isinstance(wanted[0], RoomWish):
        return room_wishes(wanted)
    return any_of(group, wanted)


def any_of(group: Group, values: Iterable[Any]) -> Body:
    """Match any of the values; also match listings without a value if UNKNOWN is one of them."""
    term = TERMS.get(group, str)
    known = [term(value) for value in values if value != UNKNOWN]
    if UNKNOWN not in values:
        return {"terms": {group: known}}
    return _either({"terms": {group: known}}, without_value(group)) if known else without_value(group)


def between(field: str, wanted: Range | Known) -> Body:
    """Match a range, both ends included; listings without a value match only if `unknown` is set."""
    ends = {"gte": getattr(wanted, "min", None), "lte": getattr(wanted, "max", None)}
    stated = {"range": {field: {end: value for end, value in ends.items() if value is not None}}}
    return _either(stated, without_value(field)) if getattr(wanted, "unknown", False) else stated


def without_value(field: str) -> Body:
    return {"bool": {"must_not": [{"exists": {"field": field}}]}}


def room_wishes(wishes: Iterable[RoomWish]) -> Body:
    """Match every wish about a room. A direction to avoid is also fulfilled where the room's is unknown."""
    placed: dict[str, list[Body]] = {"filter": [], "must_not": []}
    for wish in wishes:
        directions = {"terms": {f"{wish.room}_direction": wish.directions}}
        placed["must_not" if wish.avoid else "filter"].append(directions)
    return {"bool": placed}


def _either(*bodies: Body) -> Body:
    return {"bool": {"should": list(bodies)}}
