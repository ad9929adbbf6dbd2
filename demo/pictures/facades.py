"""The fronts of buildings: floors of windows, balconies and cladding between slabs."""

from dataclasses import dataclass
from random import Random

from demo.pictures.palettes import GLASS, LIGHTED, WOOD, Facade, Sky
from demo.pictures.shapes import bars, circle, courses, darker, group, lighter, mix, polygon, rect

NEAR = 70
"""Floor height from which a front is near enough to show frames, curtains and plants."""


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    def inner(self, left: float, top: float, right: float, bottom: float) -> "Box":
        """Return the box inset on each side by these shares of its size."""
        width, height = self.width, self.height
        return Box(
            self.x + width * left,
            self.y + height * top,
            width * (1 - left - right),
            height * (1 - top - bottom),
        )


@dataclass(frozen=True)
class Style:
    """The properties shared by all floors of one building."""

    facade: Facade
    sky: Sky
    chance: Random
    railing: str = "glass"  # or "bars", "solid"

    @property
    def wall(self) -> str:
        return self.sky.tint(self.facade.wall)

    @property
    def accent(self) -> str:
        return self.sky.tint(self.facade.accent)

    @property
    def trim(self) -> str:
        return self.sky.tint(self.facade.trim)


def fill(box: Box, colour: str, **more: float) -> str:
    return rect(box.x, box.y, box.width, box.height, colour, **more)


def front(style: Style, box: Box, floors: int, bays: str) -> str:
    """Draw floors of equal height; `BAYS` names the function that draws each letter of `bays`."""
    height = box.height / floors
    rows = (floor(style, Box(box.x, box.y + height * i, box.width, height), bays) for i in range(floors))
    return fill(box, style.wall) + "".join(rows)


def floor(style: Style, box: Box, bays: str) -> str:
    width = box.width / len(bays)
    slab = max(3.0, box.height * 0.07)
    parts = (
        BAYS[letter](style, Box(box.x + width * i, box.y + slab, width, box.height - slab))
        for i, letter in enumerate(bays)
    )
    return group(
        *parts,
        rect(box.x, box.y, box.width, slab, style.trim),
        rect(box.x, box.y + slab, box.width, slab * 0.4, darker(style.wall, 0.22)),
    )


def pane(style: Style, box: Box) -> str:
    """Draw glass that reflects the sky or shows a lit room."""
    # Near buildings have few windows, which would too often all be dark by chance.
    share = style.sky.lit * (1.5 if box.height > NEAR else 1)
    if style.chance.random() < share:
        return lit_pane(style, box)
    glass = mix(style.sky.tint(GLASS), style.sky.middle, 0.18 + style.chance.random() * 0.3)
    glass = darker(glass, 0.28)
    x, y, width, height = box.x, box.y, box.width, box.height
    glint = (
        (x + width * 0.1, y + height),
        (x + width * 0.5, y),
        (x + width * 0.75, y),
        (x + width * 0.35, y + height),
    )
    return fill(box, glass) + polygon(glint, lighter(glass, 0.22))


def lit_pane(style: Style, box: Box) -> str:
    light = mix(LIGHTED, style.chance.choice(("#ffb765", "#fff2cf", "#ffcf7d")), 0.5)
    curtain = fill(box.inner(0, 0, 0.72, 0), mix(light, "#c98f5a", 0.4))
    return fill(box, light) + curtain + fill(box.inner(0, 0.7, 0, 0), mix(light, "#d08a45", 0.25))


def framed(style: Style, box: Box) -> str:
    if box.height < NEAR * 0.4:
        return pane(style, box)
    frame = style.trim
    return group(
        rect(box.x - 5, box.y - 5, box.width + 10, box.height + 10, frame),
        pane(style, box),
        rect(box.x + box.width / 2 - 2, box.y, 4, box.height, frame),
        rect(box.x, box.y + box.height * 0.28, box.width, 3, frame),
    )


def window(style: Style, box: Box) -> str:
    opening = box.inner(0.22, 0.2, 0.22, 0.26)
    sill = rect(
        opening.x - 4, opening.y + opening.height, opening.width + 8, max(2, box.height * 0.05), style.trim
    )
    return framed(style, opening) + sill


def wide_window(style: Style, box: Box) -> str:
    opening = box.inner(0.1, 0.16, 0.1, 0.2)
    hood = rect(
        opening.x - 6, opening.y - box.height * 0.08, opening.width + 12, box.height * 0.06, style.accent
    )
    return framed(style, opening) + hood


def narrow_window(style: Style, box: Box) -> str:
    return framed(style, box.inner(0.34, 0.18, 0.34, 0.3))


def glazing(style: Style, box: Box) -> str:
    """Glass from slab to slab."""
    mullions = bars(
        box.x,
        box.y,
        box.width,
        box.height,
        gap=max(12, box.width / 3),
        stroke=style.trim,
        thickness=max(1.5, box.height * 0.02),
    )
    return pane(style, box) + mullions


def cladding(style: Style, box: Box) -> str:
    gap = 9 if box.height > NEAR else 6
    return fill(box, style.accent) + courses(
        box.x, box.y, box.width, box.height, gap=gap, stroke=darker(style.accent, 0.18), thickness=1.5
    )


def slats(style: Style, box: Box) -> str:
    wood = style.sky.tint(WOOD)
    return fill(box, wood) + bars(
        box.x, box.y, box.width, box.height, gap=11, stroke=darker(wood, 0.28), thickness=3
    )


def panel(style: Style, box: Box) -> str:
    return fill(box, style.accent) + narrow_window(style, box)


def blank(style: Style, box: Box) -> str:
    return fill(box, style.wall)


def balcony(style: Style, box: Box) -> str:
    """A shaded recess with a glazed door and a railing in front."""
    recess = fill(box, darker(style.wall, 0.34))
    door = pane(style, box.inner(0.16, 0.14, 0.16, 0))
    near = box.height > NEAR
    mullion = (
        rect(box.x + box.width / 2 - 2, box.y + box.height * 0.14, 4, box.height * 0.86, style.trim)
        if near
        else ""
    )
    plant = potted(style, box) if near or style.chance.random() < 0.3 else ""
    return (
        recess
        + fill(box.inner(0, 0, 0, 0.86), darker(style.wall, 0.5))
        + door
        + mullion
        + plant
        + railing(style, box)
    )


def potted(style: Style, box: Box) -> str:
    x = box.x + box.width * style.chance.choice((0.1, 0.2, 0.82))
    size, base = box.height * 0.16, box.y + box.height
    leaf = style.sky.tint("#5c9a5a")
    rounds = (
        circle(x + dx * size, base - size * dy, size * 0.7, leaf)
        for dx, dy in ((-0.5, 2.4), (0.5, 2.5), (0, 3.1))
    )
    return "".join(rounds) + rect(x - size * 0.5, base - size * 2, size, size * 2, style.sky.tint("#b5673f"))


def railing(style: Style, box: Box) -> str:
    rail = box.inner(-0.03, 0.56, -0.03, 0)
    cap = rect(rail.x, rail.y, rail.width, max(2, box.height * 0.05), style.sky.tint("#4a525e"))
    return RAILINGS[style.railing](style, rail) + cap


def glass_rail(style: Style, box: Box) -> str:
    return fill(box, lighter(style.sky.middle, 0.35), opacity=0.5)


def barred_rail(style: Style, box: Box) -> str:
    near = box.height > NEAR * 0.4
    return bars(
        box.x,
        box.y,
        box.width,
        box.height,
        gap=10 if near else 6,
        stroke=style.sky.tint("#4a525e"),
        thickness=2.4 if near else 1.2,
    )


def solid_rail(style: Style, box: Box) -> str:
    return fill(box, style.accent) + fill(box.inner(0, 0.75, 0, 0), darker(style.accent, 0.14))


RAILINGS = {"glass": glass_rail, "bars": barred_rail, "solid": solid_rail}

BAYS = {
    "w": window,
    "W": wide_window,
    "n": narrow_window,
    "b": balcony,
    "g": glazing,
    "c": cladding,
    "s": slats,
    "p": panel,
    ".": blank,
}


def side(style: Style, box: Box, depth: float, floors: int) -> str:
    """Draw the side in shade, to the right of a front."""
    x, slope = box.x + box.width, depth * 0.28
    foot = box.y + box.height
    face = ((x, box.y), (x + depth, box.y + slope), (x + depth, foot - slope * 0.2), (x, foot))
    dark = darker(style.wall, 0.26)
    step = box.height / floors
    bands = (
        polygon(
            (
                (x, box.y + step * i),
                (x + depth, box.y + slope + (step - slope * 1.2 / floors) * i),
                (x + depth, box.y + slope + (step - slope * 1.2 / floors) * i + 4),
                (x, box.y + step * i + 4),
            ),
            darker(style.trim, 0.24),
        )
        for i in range(floors)
    )
    return polygon(face, dark) + "".join(bands)


def crown(style: Style, box: Box) -> str:
    """A flat roof: parapet, lift room and water tank."""
    x, y, width = box.x, box.y, box.width
    room = min(width * 0.3, 120)
    return group(
        rect(x + width * 0.2, y - 44, room, 40, darker(style.wall, 0.12)),
        rect(x + width * 0.2 - 5, y - 50, room + 10, 8, style.trim),
        rect(x + width * 0.68, y - 34, 40, 24, style.sky.tint("#39424f"), rx=5),
        rect(x + width * 0.68 + 6, y - 40, 28, 8, style.sky.tint("#39424f"), rx=3),
        rect(x - 4, y - 14, width + 8, 18, style.trim),
        rect(x - 4, y + 1, width + 8, 4, darker(style.wall, 0.25)),
    )
