"""Listings similar to the one that a visitor is viewing, each with the reasons."""

from typing_extensions import TypedDict

from schemas.api.search.canonical import ListingCard


class SimilarListing(ListingCard):
    why: list[str]
    """What it has in common with that listing and how it differs: `same sector`, `6 % cheaper`."""


class SimilarListings(TypedDict):
    items: list[SimilarListing]
