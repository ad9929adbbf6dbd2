"""Listings like one that a visitor looks at, each with why."""

from typing_extensions import TypedDict

from schemas.api.search import ListingCard


class SimilarListing(ListingCard):
    why: list[str]
    """What it shares with the other one, and how it differs: `same sector`, `6 % cheaper`."""


class SimilarListings(TypedDict):
    items: list[SimilarListing]
