"""Exteriors of each kind of property, each composed from a row of a table."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from demo.pictures.facades import Box, Style, barred_rail, crown, fill, floor, front, glazing, side, slats
from demo.pictures.palettes import FACADES, GRASS, PAVING, SKIES, SOIL, WATER, WOOD, Facade, Sky
from demo.pictures.scenery import (
    belt,
    boundary,
    car,
    cypress,
    drive,
    flowers,
    gate,
    heaven,
    hedge,
    lamp,
    lawn,
    palm,
    road,
    shadow,
    skyline,
    tree,
)
from demo.pictures.shapes import HEIGHT, WIDTH, darker, ellipse, group, lighter, line, polygon, rect

CARS = ("#c8473f", "#e9ecee", "#3d6a92", "#8a949c", "#e0a63e", "#3f4a54")


@dataclass(frozen=True)
class Look:
    """One row of a table below: time of day, colors, railing, and what varies within the kind of building."""

    sky: str
    facade: str
    railing: str
    bays: tuple[str, ...]

    def style(self, chance: Random) -> Style:
        return Style(FACADES[self.facade], SKIES[self.sky], chance, self.railing)


Scene = Callable[[Look, Random], str]

APARTMENTS = (
    Look("morning", "ivory", "glass", ("bwgwb",)),
    Look("golden", "terracotta", "bars", ("wbw", "wbcbw")),
    Look("noon", "teal", "glass", ("bcwwcb",)),
    Look("dusk", "slate", "glass", ("gbg", "bwwb", "gbg")),
    Look("evening", "sand", "bars", ("bwcwb", "wbw")),
    Look("rose", "rose", "solid", ("wbpbw",)),
    Look("monsoon", "sage", "bars", ("bwb", "wcbw", "bwb")),
    Look("noon", "ochre", "solid", ("wbbw", "bwb")),
)
BUILDER_FLOORS = (
    Look("noon", "white", "glass", ("sbbw",)),
    Look("golden", "sand", "bars", ("wbbc",)),
    Look("morning", "terracotta", "bars", ("cbWb",)),
    Look("dusk", "stone", "glass", ("gbbs",)),
    Look("monsoon", "ochre", "solid", ("wbbw",)),
    Look("rose", "slate", "glass", ("sbgb",)),
)
HOUSES = (
    Look("morning", "white", "glass", ("sb", "WwW")),
    Look("golden", "ochre", "bars", ("bw", "wWw")),
    Look("noon", "rose", "bars", ("wb", "Ww.")),
    Look("evening", "stone", "glass", ("gb", "sWW")),
    Look("monsoon", "terracotta", "solid", ("bw", "wWw")),
    Look("rose", "sage", "glass", ("bs", "WcW")),
)
VILLAS = (
    Look("noon", "ivory", "bars", ("wWw", "pitched", "pool")),
    Look("golden", "white", "glass", ("gbg", "flat", "pool")),
    Look("morning", "sage", "bars", ("wbw", "pitched", "garden")),
    Look("dusk", "stone", "glass", ("bgg", "flat", "pool")),
    Look("rose", "terracotta", "solid", ("wWw", "pitched", "garden")),
    Look("evening", "slate", "glass", ("gsb", "flat", "pool")),
)
PENTHOUSES = (
    Look("golden", "white", "glass", ("gggs",)),
    Look("dusk", "slate", "glass", ("sggg",)),
    Look("evening", "stone", "glass", ("ggsg",)),
    Look("morning", "sand", "glass", ("gsgg",)),
)
STUDIOS = (
    Look("noon", "teal", "bars", ("wpbwpb",)),
    Look("golden", "ochre", "solid", ("bwpwbp",)),
    Look("dusk", "rose", "glass", ("pbwbwp",)),
)
PLOTS = (
    Look("morning", "sand", "bars", ("trees",)),
    Look("noon", "terracotta", "bars", ("houses",)),
    Look("golden", "ivory", "bars", ("trees",)),
    Look("monsoon", "stone", "bars", ("houses",)),
    Look("rose", "ochre", "bars", ("trees",)),
)


def backdrop(sky: Sky, chance: Random, base: float) -> str:
    return heaven(sky, chance) + skyline(sky, chance, base) + lawn(sky, base)


def apartment(look: Look, chance: Random) -> str:
    """One to three towers in a garden."""
    style, towers = look.style(chance), look.bays
    sky = style.sky
    places = {1: (330,), 2: (170, 610), 3: (90, 430, 780)}[len(towers)]
    heights = {1: (600,), 2: (480, 610), 3: (470, 610, 520)}[len(towers)]
    unit = {1: 96, 2: 78, 3: 68}[len(towers)]
    blocks = "".join(
        tower(style, Box(x, 750 - height, unit * len(bays), height), bays)
        for x, height, bays in zip(places, heights, towers, strict=True)
    )
    return backdrop(sky, chance, 740) + blocks + forecourt(sky, chance)


def tower(style: Style, box: Box, bays: str) -> str:
    floors = round(box.height / 37)
    lobby = Box(box.x - 14, box.y + box.height - 56, box.width + 28, 60)
    return group(
        ellipse(box.x + box.width * 0.75, 752, box.width * 0.85, 16, "#142033", opacity=0.22),
        side(style, box, 46, floors),
        front(style, box, floors, bays),
        crown(style, box),
        entrance(style, lobby),
    )


def entrance(style: Style, box: Box) -> str:
    """A podium with a glazed lobby below a canopy."""
    door = Box(box.x + box.width / 2 - 60, box.y + 14, 120, box.height - 14)
    return group(
        fill(box, darker(style.accent, 0.12)),
        rect(box.x - 5, box.y - 5, box.width + 10, 10, style.trim),
        glazing(style, door),
        rect(door.x - 26, door.y - 6, door.width + 52, 9, style.trim),
        rect(door.x - 20, door.y + 3, 6, door.height - 3, style.trim),
        rect(door.x + door.width + 14, door.y + 3, 6, door.height - 3, style.trim),
    )


def forecourt(sky: Sky, chance: Random) -> str:
    sides = (*range(20, 420, 130), *range(800, 1200, 130))
    trees = (tree(sky, chance, x + chance.uniform(-24, 24), 790, chance.uniform(110, 170)) for x in sides)
    return group(
        drive(sky, 600, 756, 70, 250),
        *trees,
        *(cypress(sky, chance, x, 806, 120) for x in (490, 712)),
        *(hedge(sky, x, 838, 300, 30) for x in (-10, 910)),
        *(flowers(sky, chance, x, 868, 250) for x in (20, 940)),
        *(lamp(sky, x, 850) for x in (330, 872)),
    )


def builder_floor(look: Look, chance: Random) -> str:
    """Three or four floors over parked cars, between neighbours, on a street."""
    style = look.style(chance)
    sky, floors = style.sky, chance.choice((3, 3, 4))
    height = 150.0 * floors if floors == 3 else 132.0 * floors
    body = Box(350, 660 - height, 500, height)
    return group(
        backdrop(sky, chance, 730),
        *(neighbour(sky, chance, x) for x in (20, 900)),
        side(style, Box(350, body.y, 500, 770 - body.y), 40, floors + 1),
        stilts(style, Box(350, 660, 500, 110)),
        front(style, body, floors, look.bays[0]),
        crown(style, body),
        frontage(sky, chance, style.facade),
    )


def neighbour(sky: Sky, chance: Random, x: float) -> str:
    facade = chance.choice(tuple(FACADES.values()))
    style = Style(facade, sky, chance, "bars")
    top = chance.uniform(300, 380)
    box = Box(x, top, 290, 770 - top)
    haze = fill(box, sky.low, opacity=0.3)
    return front(style, box, 3, chance.choice(("wbw", "bw", "wb"))) + crown(style, box) + haze


def stilts(style: Style, box: Box) -> str:
    """Open parking below the first floor."""
    columns = (rect(box.x + (box.width - 26) * i / 3, box.y, 26, box.height, style.wall) for i in range(4))
    first, second = style.chance.sample(CARS, 2)
    return group(
        fill(box, darker(style.wall, 0.66)),
        fill(box.inner(0, 0.8, 0, 0), darker(style.wall, 0.5)),
        car(style.sky, box.x + 40, box.y + box.height - 4, first, 0.98),
        car(style.sky, box.x + 270, box.y + box.height - 4, second, 0.98),
        *columns,
        rect(box.x - 6, box.y, box.width + 12, 10, style.trim),
    )


def frontage(sky: Sky, chance: Random, facade: Facade) -> str:
    """The pavement and street before a building, with walls beside its opening."""
    return group(
        rect(0, 768, WIDTH, 44, sky.tint(PAVING)),
        *(boundary(sky, x, 772, 350, 62, colour=facade.wall) for x in (-20, 870)),
        *(tree(sky, chance, x, 792, chance.uniform(230, 280)) for x in (110, 1090)),
        *(flowers(sky, chance, x, 790, 110) for x in (210, 900)),
        road(sky, 812, HEIGHT),
        *(lamp(sky, x, 806, 190) for x in (316, 882)),
    )


def independent_house(look: Look, chance: Random) -> str:
    """Two storeys of overlapping blocks behind a gate."""
    style = look.style(chance)
    sky, mirrored = style.sky, chance.random() < 0.5
    house = group(
        slab_block(style, Box(560, 262, 350, 240), look.bays[0]),
        slab_block(style, Box(270, 492, 640, 250), look.bays[1]),
        porch(style, Box(250, 520, 260, 224)),
        transform="translate(1200 0) scale(-1 1)" if mirrored else "",
    )
    walls = boundary(sky, -20, 800, 420, 88, colour=style.facade.wall) + boundary(
        sky, 800, 800, 420, 88, colour=style.facade.wall
    )
    return group(
        backdrop(sky, chance, 700),
        *(tree(sky, chance, x, 740, chance.uniform(260, 330)) for x in (130, 1070)),
        shadow(620, 748, 440, 14),
        house,
        palm(sky, chance, 1000, 770, 330),
        walls,
        gate(sky, 402, 806, 396, 104),
        *(flowers(sky, chance, x, 818, 300) for x in (30, 860)),
        road(sky, 826, HEIGHT),
    )


def slab_block(style: Style, box: Box, bays: str) -> str:
    """One tall storey framed by projecting slabs."""
    return group(
        fill(box, style.wall),
        floor(style, box, bays),
        rect(box.x - 24, box.y - 16, box.width + 48, 26, style.trim),
        rect(box.x - 24, box.y + 10, box.width + 48, 6, darker(style.wall, 0.25)),
        rect(box.x - 24, box.y - 16, 20, box.height + 20, style.trim),
        rect(box.x - 4, box.y + 10, 8, box.height - 10, darker(style.wall, 0.2)),
    )


def porch(style: Style, box: Box) -> str:
    """A carport under a slab on a wooden screen."""
    return group(
        fill(box, darker(style.wall, 0.5)),
        slats(style, Box(box.x, box.y, 60, box.height)),
        car(style.sky, box.x + 48, box.y + box.height, style.chance.choice(CARS), 1.1),
        rect(box.x - 20, box.y - 18, box.width + 40, 24, style.accent),
        rect(box.x + box.width - 14, box.y, 16, box.height, style.trim),
    )


def villa(look: Look, chance: Random) -> str:
    """A wide house on a lawn, with a pool or a garden before it."""
    style = look.style(chance)
    bays, roof, grounds = look.bays
    body = flat_villa if roof == "flat" else pitched_villa
    return group(
        backdrop(style.sky, chance, 640),
        *(tree(style.sky, chance, x, 670, chance.uniform(220, 330)) for x in (70, 190, 1040, 1150)),
        shadow(600, 704, 520, 18),
        body(style, bays),
        *(cypress(style.sky, chance, x, 716, 190) for x in (118, 1082)),
        hedge(style.sky, 140, 716, 250) + hedge(style.sky, 810, 716, 250),
        pool(style.sky, chance) if grounds == "pool" else garden(style.sky, chance),
    )


def pitched_villa(style: Style, bays: str) -> str:
    wings = (Box(170, 470, 300, 230), Box(730, 470, 300, 230))
    hall = Box(440, 350, 320, 350)
    return group(
        *(fill(wing, style.wall) + fill(wing.inner(0, 0.93, 0, 0), style.accent) for wing in wings),
        *(
            floor(style, wing, bays[:2] if wing.x < 400 else bays[1:]) + hipped(style, wing, 110)
            for wing in wings
        ),
        front(style, hall, 2, bays),
        portico(style, Box(500, 540, 200, 160)),
        hipped(style, hall, 140),
    )


def hipped(style: Style, box: Box, height: float) -> str:
    """A tiled roof whose ends slope as well."""
    roof = style.sky.tint(style.facade.roof)
    left, right, eave, ridge = box.x - 34, box.x + box.width + 34, box.y + 10, box.y + 10 - height
    inset = height * 1.05
    rows = (
        line(
            (left + inset * t, eave - height * t),
            (right - inset * t, eave - height * t),
            darker(roof, 0.22),
            3,
        )
        for t in (0.14, 0.28, 0.42, 0.56, 0.7, 0.84)
    )
    return group(
        polygon(((left, eave), (left + inset, ridge), (right - inset, ridge), (right, eave)), roof),
        polygon(((right - inset, ridge), (right, eave), (right - inset * 1.25, eave)), darker(roof, 0.16)),
        *rows,
        line((left + inset, ridge), (right - inset, ridge), lighter(roof, 0.2), 7, stroke_linecap="round"),
        rect(left, eave - 3, right - left, 11, style.trim),
        rect(box.x, eave + 8, box.width, 9, "#142033", opacity=0.22),
    )


def portico(style: Style, box: Box) -> str:
    """A pediment on columns before a panelled door."""
    x, y, width, height = box.x, box.y, box.width, box.height
    door = style.sky.tint(darker(WOOD, 0.2))
    return group(
        fill(box.inner(0.06, 0.1, 0.06, 0), darker(style.wall, 0.3)),
        rect(x + width * 0.34, y + height * 0.3, width * 0.32, height * 0.7, door),
        rect(x + width * 0.49, y + height * 0.3, 3, height * 0.7, darker(door, 0.4)),
        *(rect(x + width * at - 8, y, 16, height, style.trim) for at in (0.08, 0.28, 0.72, 0.92)),
        polygon(((x - 14, y + 8), (x + width / 2, y - 62), (x + width + 14, y + 8)), style.trim),
        polygon(((x + 22, y), (x + width / 2, y - 42), (x + width - 22, y)), darker(style.wall, 0.1)),
        rect(x - 20, y + height - 8, width + 40, 10, style.trim),
    )


def flat_villa(style: Style, bays: str) -> str:
    """Long slabs, the upper storey reaching beyond the lower one."""
    lower, upper = Box(230, 520, 760, 184), Box(150, 318, 620, 190)
    return group(
        fill(lower, darker(style.wall, 0.1)),
        floor(style, lower, "gs" + bays),
        slab_block(style, upper, bays),
        rect(150, 506, 640, 22, style.trim),
        rect(150, 528, 640, 12, "#142033", opacity=0.28),
        rect(770, 500, 270, 20, style.trim),
        barred_rail(style, Box(790, 446, 240, 54)),
        rect(788, 442, 244, 6, darker(style.trim, 0.5)),
        rect(1010, 520, 20, 184, style.accent),
    )


def pool(sky: Sky, chance: Random) -> str:
    water, deck = sky.tint(WATER), sky.tint(PAVING)
    ripples = (
        line(
            (x, y),
            (x + chance.uniform(40, 110), y),
            lighter(water, 0.5),
            3,
            stroke_linecap="round",
            opacity=0.7,
        )
        for x, y in ((chance.uniform(270, 830), chance.uniform(786, 866)) for _ in range(12))
    )
    return group(
        polygon(((180, 728), (1020, 728), (1160, 900), (40, 900)), deck),
        polygon(((270, 762), (930, 762), (1030, 880), (170, 880)), darker(water, 0.3)),
        polygon(((266, 772), (934, 772), (1026, 880), (174, 880)), water),
        *ripples,
        *(lounger(sky, x, 752) for x in (330, 470)),
        palm(sky, chance, 1066, 790, 340),
        palm(sky, chance, 1140, 830, 280),
        palm(sky, chance, 84, 800, 300),
    )


def lounger(sky: Sky, x: float, y: float) -> str:
    cloth, wood = sky.tint("#fbf6ea"), sky.tint(WOOD)
    return group(
        rect(x, y - 14, 84, 7, cloth, rx=3),
        polygon(((x + 78, y - 14), (x + 108, y - 40), (x + 113, y - 35), (x + 86, y - 7)), cloth),
        *(rect(x + dx, y - 8, 5, 12, wood) for dx in (8, 74)),
    )


def garden(sky: Sky, chance: Random) -> str:
    return group(
        drive(sky, 600, 704, 90, 190),
        *(
            flowers(sky, chance, x, y, width)
            for x, y, width in ((120, 770, 340), (740, 770, 340), (20, 850, 330), (850, 850, 330))
        ),
        *(
            lamp(sky, x, y, height)
            for x, y, height in ((474, 770, 110), (726, 770, 110), (400, 856, 140), (800, 856, 140))
        ),
        tree(sky, chance, 70, 800, 190),
        tree(sky, chance, 1130, 800, 190),
    )


def penthouse(look: Look, chance: Random) -> str:
    """A roof terrace above the city."""
    style = look.style(chance)
    sky = style.sky
    return group(
        heaven(sky, chance),
        skyline(sky, chance, 640),
        rect(0, 636, WIDTH, 264, sky.haze("#6b84a0", 0.2)),
        city_below(sky, chance),
        suite(style, look.bays[0]),
        terrace(style),
    )


def city_below(sky: Sky, chance: Random) -> str:
    """Nearer roofs, seen from above the trees."""
    parts, x = [], 620.0
    while x < WIDTH:
        width, height = chance.uniform(60, 110), chance.uniform(40, 190)
        style = Style(chance.choice(tuple(FACADES.values())), sky, chance)
        box = Box(x, 690 - height, width, height)
        parts += [front(style, box, max(2, round(height / 24)), "www"), fill(box, sky.low, opacity=0.35)]
        x += width + chance.uniform(4, 30)
    return "".join(parts)


def suite(style: Style, bays: str) -> str:
    """Glazed rooms under a deep roof, on the left of the terrace."""
    box = Box(-20, 300, 640, 420)
    interior = Box(box.x, box.y + 60, box.width, box.height - 60)
    return group(
        side(style, interior, 40, 1),
        floor(style, interior, bays),
        rect(-20, 270, 760, 42, style.trim),
        rect(-20, 312, 760, 12, darker(style.wall, 0.4)),
        rect(-20, 324, 640, 38, darker(style.wall, 0.2)),
        *(rect(x, 312, 14, 410, style.trim) for x in (706,)),
        *(rect(x, 330, 34, 8, "#fff0bd") for x in range(60, 600, 130)),
    )


def terrace(style: Style) -> str:
    sky, wood = style.sky, style.sky.tint("#b98a60")
    planks = (
        line((600 + (x - 600) * 0.72, 720), (600 + (x - 600) * 1.6, 900), darker(wood, 0.16), 3)
        for x in range(-400, 1700, 70)
    )
    return group(
        rect(0, 716, WIDTH, 184, wood),
        *planks,
        rect(760, 600, 460, 116, lighter(sky.middle, 0.4), opacity=0.35),
        *(rect(x, 596, 5, 124, sky.tint("#4a525e")) for x in range(760, 1200, 110)),
        rect(756, 592, 460, 8, sky.tint("#4a525e")),
        *(planter(style, x, 742) for x in (690, 1120)),
        group(outdoor_sofa(style, 0, 0), transform="translate(770 836) scale(1.45)"),
        group(lounger(sky, 0, 0), transform="translate(210 836) scale(2)"),
        planter(style, 120, 800),
    )


def planter(style: Style, x: float, base: float) -> str:
    sky, chance = style.sky, style.chance
    return (
        palm(sky, chance, x, base - 50, 230)
        + rect(x - 32, base - 56, 64, 56, style.accent)
        + rect(x - 36, base - 60, 72, 9, style.trim)
    )


def outdoor_sofa(style: Style, x: float, base: float) -> str:
    cloth, wood = style.sky.tint("#f3ecdf"), style.sky.tint(darker(WOOD, 0.2))
    return group(
        shadow(x + 130, base + 2, 160, 9),
        rect(x, base - 86, 260, 60, cloth, rx=12),
        rect(x - 18, base - 60, 40, 54, darker(cloth, 0.1), rx=10),
        rect(x + 238, base - 60, 40, 54, darker(cloth, 0.1), rx=10),
        rect(x + 16, base - 44, 228, 32, lighter(cloth, 0.4), rx=8),
        *(rect(x + at, base - 78, 46, 42, style.accent, rx=9) for at in (26, 186)),
        rect(x - 14, base - 12, 288, 14, wood),
        rect(x - 190, base - 26, 130, 10, wood, rx=3),
        *(rect(x + at, base - 18, 8, 30, wood) for at in (-180, -78)),
    )


def studio(look: Look, chance: Random) -> str:
    """A compact block of small units above shops."""
    style = look.style(chance)
    sky = style.sky
    body = Box(250, 190, 700, 460)
    return group(
        backdrop(sky, chance, 720),
        *(neighbour(sky, chance, x) for x in (-90, 1010)),
        side(style, Box(250, 190, 700, 580), 44, 8),
        front(style, body, 7, look.bays[0]),
        crown(style, body),
        shops(style, Box(250, 650, 700, 120)),
        rect(0, 768, WIDTH, 44, sky.tint(PAVING)),
        *(tree(sky, chance, x, 796, chance.uniform(170, 220)) for x in (150, 1080)),
        road(sky, 812, HEIGHT),
        car(sky, chance.uniform(80, 300), 856, chance.choice(CARS), 1.05),
        *(lamp(sky, x, 806, 170) for x in (232, 972)),
    )


def shops(style: Style, box: Box) -> str:
    colours = ("#c9574b", "#3f7f86", "#d79b3c", "#5a6d9a")
    width = box.width / 4
    parts = []
    for place, colour in enumerate(style.sky.tint(colour) for colour in colours):
        shop = Box(box.x + width * place, box.y, width, box.height)
        parts += [glazing(style, shop.inner(0.06, 0.36, 0.06, 0)), awning(shop, colour)]
    return fill(box, darker(style.wall, 0.2)) + "".join(parts)


def awning(box: Box, colour: str) -> str:
    """A striped awning below a sign board."""
    step = box.width * 0.92 / 8
    x, y = box.x + box.width * 0.04, box.y + box.height * 0.26
    stripes = (
        rect(x + step * i, y, step, 30, colour if i % 2 else "#f8f1e4")
        + ellipse(x + step * (i + 0.5), y + 30, step / 2, 8, colour if i % 2 else "#f8f1e4")
        for i in range(8)
    )
    return rect(x, box.y + 6, box.width * 0.92, 24, darker(colour, 0.3), rx=3) + "".join(stripes)


def plot(look: Look, chance: Random) -> str:
    """An open, walled piece of land beside a road."""
    style = look.style(chance)
    sky = style.sky
    behind = far_houses if look.bays[0] == "houses" else grove
    return group(
        heaven(sky, chance),
        skyline(sky, chance, 520),
        lawn(sky, 516),
        behind(sky, chance),
        boundary(sky, 130, 600, 940, 46, colour=style.facade.wall),
        field(sky, chance),
        side_walls(style),
        *(boundary(sky, x, 806, 400, 74, colour=style.facade.wall) for x in (-20, 820)),
        gate(sky, 382, 808, 436, 84) if chance.random() < 0.4 else board(sky, style),
        *(tree(sky, chance, x, 800, chance.uniform(250, 320)) for x in (64, 1140)),
        road(sky, 830, HEIGHT),
    )


def grove(sky: Sky, chance: Random) -> str:
    return belt(sky, chance, 540) + "".join(
        tree(sky, chance, x + chance.uniform(-20, 20), 566, chance.uniform(90, 170))
        for x in range(60, 1200, 110)
    )


def far_houses(sky: Sky, chance: Random) -> str:
    parts = []
    for x in range(20, 1180, 170):
        style = Style(chance.choice(tuple(FACADES.values())), sky, chance, "bars")
        box = Box(x, chance.uniform(420, 470), 120, 0)
        box = Box(x, box.y, 120, 570 - box.y)
        parts += [front(style, box, 2, chance.choice(("wb", "bw", "wbw"))), fill(box, sky.low, opacity=0.25)]
        parts.append(tree(sky, chance, x + 142, 572, chance.uniform(80, 120)))
    return "".join(parts)


def field(sky: Sky, chance: Random) -> str:
    """Grass with worn soil, tufts and corner stones."""
    grass, soil = sky.tint(lighter(GRASS, 0.1)), sky.tint(SOIL)
    tufts = (
        line((x, y), (x + chance.uniform(-5, 5), y - 13), darker(grass, 0.28), 3, stroke_linecap="round")
        for x, y in ((chance.uniform(120, 1080), chance.uniform(618, 790)) for _ in range(90))
    )
    stripes = (
        polygon(
            (
                (600 + (a - 600) * 0.82, 600),
                (600 + (a - 536) * 0.82, 600),
                (600 + (a - 536) * 1.3, 810),
                (600 + (a - 600) * 1.3, 810),
            ),
            lighter(grass, 0.1),
        )
        for a in range(100, 1150, 128)
    )
    return group(
        polygon(((130, 598), (1070, 598), (1240, 810), (-40, 810)), grass),
        *stripes,
        polygon(((560, 640), (650, 640), (760, 812), (430, 812)), soil, opacity=0.55),
        ellipse(600, 642, 130, 16, soil, opacity=0.55),
        *tufts,
        *(
            rect(x, y, 14, 24, "#f6f2e8") + rect(x, y, 14, 8, "#d2503f")
            for x, y in ((196, 610), (990, 610), (300, 740), (890, 740))
        ),
    )


def side_walls(style: Style) -> str:
    wall = style.wall
    left = ((130, 554), (146, 554), (20, 806), (-60, 806), (-60, 730))
    right = ((1070, 554), (1054, 554), (1180, 806), (1260, 806), (1260, 730))
    return polygon(left, darker(wall, 0.1)) + polygon(right, darker(wall, 0.26))


def board(sky: Sky, style: Style) -> str:
    """A blank sign on two posts."""
    sign, post = sky.tint("#fbf7ec"), sky.tint("#5d4a3a")
    return group(
        *(rect(x, 690, 9, 116, post) for x in (252, 372)),
        rect(226, 640, 182, 84, sign, rx=6),
        rect(226, 640, 182, 22, style.accent, rx=6),
        *(rect(246, y, width, 8, darker(sign, 0.3), rx=4) for y, width in ((678, 140), (698, 96))),
    )


SCENES: dict[str, tuple[Scene, tuple[Look, ...]]] = {
    "apartment": (apartment, APARTMENTS),
    "builder_floor": (builder_floor, BUILDER_FLOORS),
    "independent_house": (independent_house, HOUSES),
    "villa": (villa, VILLAS),
    "penthouse": (penthouse, PENTHOUSES),
    "studio": (studio, STUDIOS),
    "plot": (plot, PLOTS),
}
