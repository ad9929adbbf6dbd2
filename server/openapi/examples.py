"""Examples of shapes, composed from an example for each field name."""

from collections.abc import Mapping
from typing import Any

from server.openapi.shapes import Schema, Shapes

SEARCH = {"listing_type": "sale", "property_type": ["apartment"], "bhk": [3]}
WORDS: Mapping[str, Any] = {
    "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTliNzZkYSJ9.c2lnbmF0dXJl",
    "action": "property.change",
    "actor": "asha@casabricks.example",
    "age_years": 4,
    "ai_job_id": "enh_019b76daab067017",
    "area_basis": "super",
    "area_sqft": 1_490,
    "attempt": 1,
    "balconies": 2,
    "bathrooms": 3,
    "bhk": 3,
    "by_kind": {"guided": 812, "listings": 344, "map": 97},
    "by_status": {"new": 7, "contacted": 12, "qualified": 4, "converted": 2, "lost": 5},
    "changes": {"price": [12_000_000, 11_500_000]},
    "cheapest": 9_800_000,
    "code": "less_than_equal",
    "comparables": "019b76da-ab06-7017-9695-9a03e802027d",
    "compared": 118,
    "confidence": 0.98,
    "consent_text_version": "2026-01",
    "count": 59,
    "coverage": 100,
    "current_password": "correct horse battery staple",
    "day": "2026-02-01",
    "dead_letter": "mapper_parsing_exception",
    "degraded": "redis",
    "degrees": 90,
    "delta_pct": -7.3,
    "dependencies": {"postgres": {"state": "ok", "latency_ms": 0.9, "detail": None}},
    "description": "A quiet flat with morning light, close to the metro.",
    "detail": "2 fields are invalid.",
    "details": "The index behind 'listings' has another schema: run `indexer reindex`.",
    "difference": -350_000,
    "direction": "east",
    "email": "asha@casabricks.example",
    "enhancement_status": "completed",
    "entity_id": "019b76da-ab06-7017-9695-9a03e802027d",
    "entity_type": "property",
    "error": "Its worker ended; it is taken up again.",
    "event_data": {"from": "new", "to": "contacted"},
    "event_type": "status_changed",
    "external_ref": "CRM-20417",
    "facets": {"bhk": [{"value": 3, "label": "3 BHK", "count": 59, "selected": True}]},
    "facing_direction": "east",
    "fewest": 5,
    "field": "bhk",
    "filename": "properties.csv",
    "filters": {"bhk": [3]},
    "fingerprint": "9f2c4b1d7a60e853",
    "floor_number": 7,
    "full_name": "Asha Verma",
    "furnishing_status": "semi_furnished",
    "height": 1_200,
    "id": "019b76da-ab06-7017-9695-9a03e802027d",
    "image": "/media/img/019b76daab067017/thumb.webp",
    "image_type": "photo",
    "in_words": "3 BHK",
    "ip_address": "203.0.113.7",
    "job_id": "enh_019b76daab067017",
    "kind": "locality",
    "label": "East",
    "latency_ms": 0.9,
    "latitude": 28.443777,
    "level": "same_sector",
    "light": 77,
    "links": {"guided_search": "/api/v1/search/guided", "health": "/health"},
    "listed_at": "2026-02-01T10:00:00Z",
    "listing_type": "sale",
    "locality": "Sector 151",
    "location": "body",
    "longitude": 77.465354,
    "lost_reason": "Bought elsewhere.",
    "max": 15_000_000,
    "median": 7_960,
    "median_price": 11_000_000,
    "median_price_per_sqft": 7_960,
    "message": "May I see it on Saturday morning?",
    "method": "the median of comparables",
    "min": 9_000_000,
    "n": 42,
    "name": "CasaBricks",
    "new_password": "a better horse with four staples",
    "next_cursor": "eyJhZnRlciI6WzExMDAwMDAwXX0",
    "one_time_password": "tidy-mango-river-9041",
    "other_counts": {"locality": 12},
    "p25": 7_420,
    "p25_price_per_sqft": 7_420,
    "p75": 8_510,
    "p75_price_per_sqft": 8_510,
    "password": "correct horse battery staple",
    "phone": "+919876543210",
    "pointer": "#/price/max",
    "possession_status": "ready_to_move",
    "preferred_contact_time": "after 6 pm",
    "price": 11_000_000,
    "price_per_sqft": 7_383,
    "property_title": "3 BHK apartment of 1,490 sqft in Sector 151",
    "property_type": "apartment",
    "rating": "ideal",
    "reason": "too_few",
    "report": {"counts": {"created": 118}, "findings": []},
    "request_id": "07b8fb74a49c211f08e2e0723a689f1b",
    "result_url": "https://results.ai.example/019b76da.webp",
    "rows": 120,
    "rule": "entrance",
    "score": 90,
    "search": SEARCH,
    "sector": "151",
    "sentence": "An entrance in the east is taken to bring morning light and good fortune.",
    "society": "Quail Angan",
    "source": "website",
    "state": "active",
    "status": "new",
    "sun": "morning",
    "text": "Called back; a visit on Saturday at eleven.",
    "text_rest": "near metro",
    "thumbnail_url": "/media/img/019b76daab067017/thumb.webp",
    "tile": "14/11715/6841",
    "title": "3 BHK apartment of 1,490 sqft in Sector 151",
    "total": 59,
    "total_floors": 18,
    "type": "enhancement.completed",
    "url": "/media/img/019b76daab067017/large.webp",
    "user_agent": "Mozilla/5.0",
    "value": "3",
    "values": "Sector 151",
    "vastu": 90,
    "version": (3, "0.1.0"),
    "wanted": {"locality": "Sector 151", "bhk": 3},
    "why": "same sector",
    "width": 1_600,
    "zoom": 14,
}
"""Field name -> example value; a tuple if the name has several meanings."""

FORMATS = {
    "uuid": "019b76da-ab06-7017-9695-9a03e802027d",
    "date-time": "2026-02-01T10:00:00Z",
    "date": "2026-02-01",
}
KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
}
USUAL: Mapping[str, Any] = {"integer": 1, "number": 1, "boolean": True, "object": {}}


def _meanings(word: str) -> tuple[Any, ...]:
    known = WORDS.get(word, ())
    return known if isinstance(known, tuple) else (known,)


class Examples:
    """Examples of schemas among these shapes."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    def full(self, schema: Schema) -> Any:
        """Return an example with every field, for answers."""
        return self._of(schema, "", least=False)

    def minimal(self, schema: Schema) -> Any:
        """Return an example with the required fields, for requests; the shape's own example comes first."""
        return self._of(schema, "", least=True)

    def _of(self, given: Schema, word: str, *, least: bool) -> Any:
        schema = self._shapes.resolved(given)
        if "examples" in schema:
            return schema["examples"][0]
        if "enum" in schema or "const" in schema:
            values = schema.get("enum", [schema.get("const")])
            return next((known for known in _meanings(word) if known in values), values[0])
        if "anyOf" in schema:
            return self._of(schema["anyOf"][0], word, least=least)
        if "properties" in schema:
            names = schema.get("required", []) if least else schema["properties"]
            return {name: self._of(schema["properties"][name], name, least=least) for name in names}
        if schema.get("type") == "array":
            return [self._of(schema["items"], word, least=least)]
        return _example_of(schema, word)


def _example_of(schema: Schema, word: str) -> Any:
    """Return the example of a field name, or else of its last part: `kitchen_direction` is a direction.

    Raises:
        KeyError: the field is a text, and WORDS has no example for it.
    """
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    kind = schema.get("type", "object")
    for known in (*_meanings(word), *_meanings(word.rpartition("_")[2])):
        if isinstance(known, KINDS[kind]) and (kind == "boolean" or not isinstance(known, bool)):
            return known
    return USUAL[kind] if kind in USUAL else WORDS[word]
