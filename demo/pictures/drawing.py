"""Draws, renders and writes missing picture files, each with a thumbnail."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random

import pyvips

from demo.pictures.exteriors import SCENES
from demo.pictures.floor_plans import PLANS, floor_plan
from demo.pictures.interiors import INTERIORS
from demo.pictures.shapes import HEIGHT, WIDTH, document
from schemas.vocabulary import ImageType

FOLDER = "demo"
SHRINK = 3
"""Factor by which a thumbnail is smaller in each direction."""
QUALITY = 80
EFFORT = 0
"""Of the WebP encoder, 0 to 6: a faster first start is worth files a tenth larger."""


@dataclass(frozen=True)
class Picture:
    """A drawn file below the media directory; `kind` is a property type, `interior` or `floor_plan`."""

    name: str
    kind: str
    image_type: str
    bhk: int | None  # of floor plans only; 0 is a studio
    path: str
    thumbnail_path: str
    width: int
    height: int
    content_hash: str


@dataclass(frozen=True)
class Sketch:
    """A picture to draw; `compose` returns its SVG elements."""

    name: str
    kind: str
    image_type: ImageType
    compose: Callable[[], str]
    bhk: int | None = None

    @property
    def path(self) -> str:
        return f"{FOLDER}/{self.name}.webp"

    @property
    def thumbnail_path(self) -> str:
        return f"{FOLDER}/{self.name}-thumb.webp"


def ignore(_done: int, _total: int) -> None:
    """Do nothing: the default if no progress is shown."""


def draw_pictures(media: Path, progress: Callable[[int, int], None] = ignore) -> tuple[Picture, ...]:
    """Draw missing pictures below the media directory; existing files are not changed."""
    (media / FOLDER).mkdir(parents=True, exist_ok=True)
    pictures = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for picture in threads.map(lambda sketch: draw(media, sketch), SKETCHES):
            pictures.append(picture)
            progress(len(pictures), len(SKETCHES))
    return tuple(pictures)


def draw(media: Path, sketch: Sketch) -> Picture:
    large, thumbnail = media / sketch.path, media / sketch.thumbnail_path
    if not (large.exists() and thumbnail.exists()):
        render(sketch, large, thumbnail)
    return Picture(
        name=sketch.name,
        kind=sketch.kind,
        image_type=sketch.image_type.value,
        bhk=sketch.bhk,
        path=sketch.path,
        thumbnail_path=sketch.thumbnail_path,
        width=WIDTH,
        height=HEIGHT,
        content_hash=sha256(large.read_bytes()).hexdigest(),
    )


def render(sketch: Sketch, large: Path, thumbnail: Path) -> None:
    svg = document(sketch.compose()).encode()
    image = pyvips.Image.svgload_buffer(svg).flatten(background=255).copy_memory()
    for path, sized in ((large, image), (thumbnail, image.shrink(SHRINK, SHRINK))):
        if not path.exists():
            write(path, sized.webpsave_buffer(Q=QUALITY, effort=EFFORT, keep="none"))


def write(path: Path, content: bytes) -> None:
    """Write a file atomically, so that an existing file is always complete."""
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)


def compose(scene: Callable[[Random], str], seed: str) -> str:
    return scene(Random(seed))


def sketches() -> tuple[Sketch, ...]:
    return (*exterior_sketches(), *interior_sketches(), *plan_sketches())


def exterior_sketches() -> list[Sketch]:
    return [
        Sketch(
            name,
            kind,
            ImageType.EXTERIOR,
            partial(compose, partial(scene, look), name),
        )
        for kind, (scene, looks) in SCENES.items()
        for look, name in zip(looks, numbered(kind, len(looks)), strict=True)
    ]


def interior_sketches() -> list[Sketch]:
    return [
        Sketch(name, "interior", ImageType.INTERIOR, partial(compose, scene, name))
        for scene, name in zip(INTERIORS, numbered("interior", len(INTERIORS)), strict=True)
    ]


def plan_sketches() -> list[Sketch]:
    return [
        Sketch(
            f"floor-plan-{bhk}-bhk" if bhk else "floor-plan-studio",
            "floor_plan",
            ImageType.FLOOR_PLAN,
            partial(floor_plan, plan),
            bhk,
        )
        for bhk, plan in enumerate(PLANS)
    ]


def numbered(kind: str, count: int) -> list[str]:
    return [f"{kind.replace('_', '-')}-{number:02}" for number in range(1, count + 1)]


SKETCHES = sketches()
