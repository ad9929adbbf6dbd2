"""Chooses the drawn pictures of a demo home: first its exterior, then rooms, then its floor plan."""

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from demo import shares
from demo.home import Home
from demo.pictures import Picture

IMAGE_COLUMNS = (
    "property_id",
    "original_url",
    "thumbnail_url",
    "image_type",
    "is_primary",
    "display_order",
    "width",
    "height",
    "content_hash",
)


class Albums:
    """Pictures grouped by kind of home or room; without pictures, all albums are empty."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self._by_kind: dict[str, list[Picture]] = {}
        for picture in pictures:
            self._by_kind.setdefault(picture.kind, []).append(picture)
        self._plans = {plan.bhk: plan for plan in self._by_kind.get("floor_plan", [])}

    def rows(self, homes: Iterable[Home]) -> Iterator[tuple[Any, ...]]:
        """Yield rows of `property_images` in the order of `IMAGE_COLUMNS`."""
        for home in homes:
            for order, picture in enumerate(self.pictures(home)):
                yield _row(home.id, picture, order)

    def pictures(self, home: Home) -> list[Picture]:
        rng = random.Random(home.id.int)  # the same home always gets the same pictures
        count = shares.PICTURES.pick(rng)
        inside = [] if home.rooms.bhk is None else self._inside(rng, int(home.rooms.bhk), count - 1)
        return [*self._some(rng, home.property_type, min(1, count)), *inside]

    def _inside(self, rng: random.Random, bhk: int, count: int) -> list[Picture]:
        if count < 1:
            return []
        plan = self._plans.get(bhk)
        return self._some(rng, "interior", count - 1) + ([plan] if plan else [])

    def _some(self, rng: random.Random, kind: str, count: int) -> list[Picture]:
        suited = self._by_kind.get(kind, [])
        return rng.sample(suited, min(count, len(suited)))


def _row(home_id: UUID, picture: Picture, order: int) -> tuple[Any, ...]:
    return (
        home_id,
        f"/media/{picture.path}",
        f"/media/{picture.thumbnail_path}",
        picture.image_type,
        order == 0,
        order,
        picture.width,
        picture.height,
        picture.content_hash,
    )
