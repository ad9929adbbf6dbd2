"""Interiors: a back wall, a floor, and furniture in the colors of a palette."""

from collections.abc import Callable
from functools import partial
from random import Random

from demo.pictures.palettes import GLASS, ROOMS, SKIES, Room
from demo.pictures.scenery import heaven, skyline
from demo.pictures.shapes import (
    HEIGHT,
    INK,
    WIDTH,
    bars,
    circle,
    courses,
    curve,
    darker,
    element,
    ellipse,
    glow,
    group,
    lighter,
    line,
    mix,
    polygon,
    rect,
)

SKIRTING = 640
"""The y coordinate where the back wall meets the floor."""


def shell(room: Room) -> str:
    """Ceiling, back wall, a darker side wall on the right, and planks towards the viewer."""
    floor = room.floor
    planks = (
        line((600 + x, SKIRTING), (600 + x * 2.1, HEIGHT), darker(floor, 0.1), 2.5)
        for x in range(-640, 700, 64)
    )
    return group(
        rect(0, 0, WIDTH, SKIRTING, room.wall),
        polygon(((1080, 60), (WIDTH, 0), (WIDTH, 720), (1080, SKIRTING)), darker(room.wall, 0.08)),
        polygon(((0, 0), (WIDTH, 0), (1080, 60), (0, 60)), lighter(room.wall, 0.5)),
        rect(0, 60, 1080, 8, darker(room.wall, 0.08)),
        rect(0, SKIRTING, WIDTH, HEIGHT - SKIRTING, floor),
        *planks,
        polygon(((1080, SKIRTING), (WIDTH, 720), (WIDTH, SKIRTING)), darker(room.wall, 0.08)),
        rect(0, SKIRTING - 16, 1080, 16, lighter(room.wall, 0.55)),
        polygon(
            ((1080, SKIRTING - 16), (WIDTH, 702), (WIDTH, 720), (1080, SKIRTING)), lighter(room.wall, 0.4)
        ),
        rect(0, SKIRTING, 1080, 8, INK, opacity=0.12),
    )


def view(hour: str, chance: Random, x: float, y: float, *, width: float, height: float) -> str:
    """Draw the city through an opening; a nested SVG clips it."""
    city = heaven(SKIES[hour], chance) + skyline(SKIES[hour], chance, 700)
    return element(
        "svg",
        city,
        x=x,
        y=y,
        width=width,
        height=height,
        viewBox="0 150 1200 580",
        preserveAspectRatio="xMidYMax slice",
    )


def outlook(room: Room, hour: str, chance: Random, x: float, y: float, *, width: float, height: float) -> str:
    """A window with frame and curtains, and its light on the floor."""
    cloth, pole = lighter(room.second, 0.35), darker(room.wood, 0.3)
    sheen = polygon(
        (
            (x + 30, SKIRTING + 10),
            (x + width - 30, SKIRTING + 10),
            (x + width + 90, HEIGHT),
            (x + 70, HEIGHT),
        ),
        "#fff4d6",
    )
    return group(
        view(hour, chance, x, y, width=width, height=height),
        curve(
            f"M{x} {y}h{width}v{height}h{-width}ZM{x + width / 2} {y}v{height}",
            stroke="#fbfaf6",
            stroke_width=12,
        ),
        rect(x - 18, y + height, width + 36, 14, "#fbfaf6"),
        *(curtain(cloth, at, y - 34, 76, SKIRTING - y + 22) for at in (x - 62, x + width - 14)),
        rect(x - 90, y - 42, width + 180, 8, pole, rx=4),
        group(sheen, opacity=0.2),
    )


def curtain(cloth: str, x: float, y: float, width: float, height: float) -> str:
    return rect(x, y, width, height, cloth) + bars(
        x, y, width, height, gap=19, stroke=darker(cloth, 0.1), thickness=7
    )


def rug(room: Room, x: float, y: float, across: float, down: float) -> str:
    return group(
        ellipse(x, y, across, down, darker(room.accent, 0.1)),
        ellipse(x, y, across * 0.94, down * 0.9, lighter(room.second, 0.2)),
        ellipse(x, y, across * 0.78, down * 0.72, mix(room.second, room.accent, 0.28)),
        ellipse(x, y, across * 0.73, down * 0.65, lighter(room.second, 0.3)),
    )


def shade(x: float, y: float, across: float, down: float = 14) -> str:
    return ellipse(x, y, across, down, INK, opacity=0.18)


def sofa(room: Room, x: float, y: float, width: float) -> str:
    """Draw a sofa; `y` is where its feet stand."""
    body, seat = room.main, lighter(room.main, 0.12)
    half = (width - 100) / 2
    return group(
        shade(x + width / 2, y, width * 0.54),
        *(rect(x + at, y - 22, 14, 24, darker(room.wood, 0.3)) for at in (34, width - 48)),
        rect(x + 20, y - 196, width - 40, 150, darker(body, 0.08), rx=26),
        *(rect(x + 48 + half * i, y - 182, half - 8, 96, body, rx=18) for i in range(2)),
        *(rect(x + 46 + half * i, y - 104, half - 4, 50, seat, rx=14) for i in range(2)),
        rect(x + 30, y - 62, width - 60, 44, darker(body, 0.16), rx=12),
        *(rect(x + at, y - 132, 58, 114, darker(body, 0.05), rx=22) for at in (0, width - 58)),
        cushion(room.accent, x + 66, y - 172),
        cushion(room.second, x + width - 150, y - 172),
    )


def cushion(colour: str, x: float, y: float) -> str:
    square = rect(x, y, 84, 78, colour, rx=16) + rect(x + 10, y + 10, 64, 58, lighter(colour, 0.14), rx=12)
    return group(square, transform=f"rotate(-8 {x} {y})")


def low_table(room: Room, x: float, y: float) -> str:
    wood = room.wood
    return group(
        shade(x, y + 62, 150),
        *(
            line((x + a, y), (x + b, y + 62), darker(wood, 0.25), 9, stroke_linecap="round")
            for a, b in ((-90, -112), (90, 112), (0, 0))
        ),
        ellipse(x, y + 8, 150, 30, darker(wood, 0.2)),
        ellipse(x, y, 150, 30, lighter(wood, 0.14)),
        rect(x - 74, y - 14, 70, 10, room.accent, rx=2),
        rect(x - 68, y - 23, 60, 9, room.second, rx=2),
        vase(room, x + 52, y, 0.7),
    )


def vase(room: Room, x: float, y: float, size: float) -> str:
    stems = ((-26, -84), (0, -104), (24, -80), (-10, -92), (14, -96))
    sprigs = (
        line((x, y - 46 * size), (x + dx * size, y + dy * size), "#5f8a5e", 3)
        + ellipse(x + dx * size, y + dy * size, 8 * size, 13 * size, "#79a86f")
        for dx, dy in stems
    )
    pot = "M-16 -52h32q10 28 -4 54h-24q-14 -26 -4 -54Z"
    return group(
        *sprigs, curve(pot, lighter(room.accent, 0.12), transform=f"translate({x} {y}) scale({size})")
    )


def plant(room: Room, x: float, y: float, size: float = 1.0) -> str:
    """A tall pot plant with broad leaves."""
    turns = (-78, -52, -26, 0, 26, 52, 78)
    leaves = (
        curve(
            "M0 0C-34 -70 -26 -150 0 -196C26 -150 34 -70 0 0Z",
            "#4f8a5b" if i % 2 else "#68a268",
            transform=f"rotate({turn}) scale({1 - abs(turn) / 260:.3g})",
        )
        for i, turn in enumerate(turns)
    )
    pot = polygon(((-44, -84), (44, -84), (34, 0), (-34, 0)), room.accent) + rect(
        -48, -92, 96, 16, darker(room.accent, 0.12), rx=3
    )
    return group(
        shade(0, 2, 60, 9),
        group(*leaves, transform="translate(0 -80)"),
        pot,
        transform=f"translate({x} {y}) scale({size})",
    )


def floor_lamp(room: Room, x: float, y: float) -> str:
    metal = darker(room.wood, 0.5)
    return group(
        glow("lamp", "#ffe7ad", 0.7),
        circle(x, y - 370, 190, "url(#lamp)"),
        ellipse(x, y, 44, 9, metal),
        rect(x - 4, y - 350, 8, 350, metal),
        polygon(((x - 40, y - 420), (x + 40, y - 420), (x + 66, y - 330), (x - 66, y - 330)), "#fff0cc"),
    )


def frames(room: Room, x: float, y: float) -> str:
    return picture_frame(room, x, y, 130, 170, motif=0) + picture_frame(
        room, x + 156, y + 24, 110, 120, motif=1
    )


def picture_frame(room: Room, x: float, y: float, width: float, height: float, *, motif: int) -> str:
    """An abstract: hills under a disc."""
    inner_width, inner_height = width - 36, height - 36
    base, left = y + height - 18, x + 18
    rise = f"v{-inner_height * 0.3}q{inner_width * 0.3} {-inner_height * 0.4} {inner_width * 0.6} 0"
    hill = f"M{left} {base}{rise}t{inner_width * 0.4} {-inner_height * 0.1}V{base}Z"
    return group(
        rect(x + 5, y + 7, width, height, INK, opacity=0.13),
        rect(x, y, width, height, room.wood),
        rect(x + 7, y + 7, width - 14, height - 14, "#fdfbf6"),
        rect(left, y + 18, inner_width, inner_height, lighter(room.second, 0.3)),
        circle(x + width * (0.6 - 0.2 * motif), y + height * 0.38, width * 0.14, room.accent),
        curve(hill, (room.main, room.accent)[motif]),
    )


def pendant(room: Room, x: float, drop: float, colour: str) -> str:
    bell = f"M{x - 46} {drop}Q{x - 44} {drop - 58} {x} {drop - 62}Q{x + 44} {drop - 58} {x + 46} {drop}Z"
    light = polygon(
        ((x - 44, drop), (x + 44, drop), (x + 120, drop + 190), (x - 120, drop + 190)),
        "#fff0c4",
        opacity=0.16,
    )
    return group(
        line((x, 40), (x, drop - 58), darker(room.wood, 0.5), 3),
        light,
        curve(bell, colour),
        ellipse(x, drop, 46, 8, "#fff3cf"),
    )


def shelf(room: Room, x: float, y: float, chance: Random) -> str:
    """A wall shelf with books and a small plant."""
    parts, at = [rect(x, y, 240, 12, room.wood)], x + 12
    while at < x + 150:
        width, height = chance.choice((12, 16, 20)), chance.uniform(44, 70)
        parts.append(
            rect(
                at,
                y - height,
                width,
                height,
                chance.choice((room.accent, room.main, room.second, darker(room.wood, 0.2))),
            )
        )
        at += width + 2
    return "".join(parts) + vase(room, x + 204, y, 0.55)


def television(room: Room, x: float, y: float) -> str:
    wood = room.wood
    return group(
        rect(x + 60, y - 300, 300, 176, "#222a33", rx=6),
        polygon(((x + 110, y - 294), (x + 210, y - 294), (x + 130, y - 130), (x + 66, y - 130)), "#3c4753"),
        shade(x + 210, y + 4, 230, 10),
        rect(x, y - 92, 420, 74, wood, rx=5),
        *(rect(x + 10 + 135 * i, y - 82, 130, 54, lighter(wood, 0.12), rx=3) for i in range(3)),
        *(rect(x + at, y - 18, 10, 20, darker(wood, 0.35)) for at in (24, 386)),
        vase(room, x + 26, y - 92, 0.7),
    )


def living_room(palette: str, hour: str, chance: Random) -> str:
    room = ROOMS[palette]
    return group(
        shell(room),
        outlook(room, hour, chance, 640, 170, width=340, height=300),
        frames(room, 150, 190),
        plant(room, 1110, 740, 1.25),
        floor_lamp(room, 84, 700),
        rug(room, 480, 800, 440, 80),
        sofa(room, 150, 740, 470),
        low_table(room, 640, 770),
        pendant(room, 420, 150, room.accent),
    )


def family_room(palette: str, hour: str, chance: Random) -> str:
    room = ROOMS[palette]
    return group(
        shell(room),
        outlook(room, hour, chance, 130, 160, width=380, height=320),
        television(room, 600, 650),
        shelf(room, 720, 240, chance),
        rug(room, 560, 800, 480, 84),
        armchair(room, 190, 800),
        low_table(room, 600, 776),
        plant(room, 1120, 760, 1.2),
        pendant(room, 600, 170, room.accent),
    )


def armchair(room: Room, x: float, y: float) -> str:
    return group(
        shade(x + 110, y, 130),
        *(rect(x + at, y - 20, 12, 22, darker(room.wood, 0.3)) for at in (30, 178)),
        rect(x + 20, y - 220, 180, 180, darker(room.main, 0.1), rx=50),
        rect(x + 30, y - 108, 160, 56, lighter(room.main, 0.12), rx=16),
        rect(x + 24, y - 66, 172, 48, darker(room.main, 0.18), rx=12),
        *(rect(x + at, y - 136, 50, 116, room.main, rx=22) for at in (0, 170)),
        cushion(room.accent, x + 70, y - 186),
    )


def bedroom(palette: str, hour: str, chance: Random) -> str:
    room = ROOMS[palette]
    return group(
        shell(room),
        outlook(room, hour, chance, 110, 170, width=270, height=300),
        rect(500, 68, 560, 556, mix(room.wall, room.main, 0.24)),
        bars(500, 68, 560, 556, gap=56, stroke=mix(room.wall, room.main, 0.4), thickness=4),
        picture_frame(room, 690, 150, 180, 130, motif=1),
        rug(room, 770, 830, 470, 64),
        bed(room, 560, 780),
        *(nightstand(room, x, 690) for x in (444, 1008)),
        *(pendant(room, x, 350, room.accent) for x in (498, 1062)),
        plant(room, 90, 800, 1.1),
    )


def bed(room: Room, x: float, y: float) -> str:
    """Draw a bed seen from its foot, 440 units wide."""
    sheet, cover = "#fbf8f2", room.main
    fold = f"M{x} {y - 180}h440l24 130v30h-488v-30Z"
    return group(
        shade(x + 220, y, 280, 16),
        rect(x - 14, y - 390, 468, 260, darker(room.wood, 0.08), rx=22),
        *(rect(x + 4 + 109 * i, y - 374, 104, 150, lighter(room.wood, 0.1), rx=12) for i in range(4)),
        rect(x, y - 240, 440, 110, sheet, rx=16),
        *(rect(x + at, y - 282, 180, 84, lighter(room.second, 0.5), rx=30) for at in (30, 230)),
        *(rect(x + at, y - 246, 120, 66, room.accent, rx=22) for at in (70, 250)),
        curve(fold, cover),
        polygon(((x, y - 182), (x + 440, y - 182), (x + 447, y - 138), (x - 7, y - 138)), sheet),
        polygon(
            ((x - 12, y - 108), (x + 452, y - 108), (x + 459, y - 70), (x - 19, y - 70)),
            lighter(room.accent, 0.24),
        ),
        rect(x - 24, y - 52, 488, 40, darker(cover, 0.16), rx=6),
        *(rect(x + at, y - 14, 18, 18, darker(room.wood, 0.4)) for at in (-6, 428)),
    )


def nightstand(room: Room, x: float, y: float) -> str:
    wood = room.wood
    return group(
        shade(x + 54, y, 66, 9),
        rect(x, y - 110, 108, 106, wood, rx=5),
        *(
            rect(x + 8, y - top, 92, 42, lighter(wood, 0.12), rx=3)
            + circle(x + 54, y - top + 21, 5, darker(wood, 0.4))
            for top in (102, 54)
        ),
        rect(x + 20, y - 122, 56, 12, room.main, rx=2),
    )


def kitchen(palette: str, hour: str, chance: Random) -> str:
    room = ROOMS[palette]
    return group(
        shell(room),
        rect(0, 330, 1080, 150, lighter(room.second, 0.4)),
        courses(0, 330, 1080, 150, gap=30, stroke=darker(room.second, 0.08), thickness=2),
        bars(0, 330, 1080, 150, gap=54, stroke=darker(room.second, 0.08), thickness=2),
        wall_cabinets(room),
        outlook_over_sink(hour, chance),
        hob(room, 640),
        base_cabinets(room),
        fridge(room, 912),
        vase(room, 110, 478, 0.8),
        *(pendant(room, x, 250, room.accent) for x in (330, 600, 870)),
        island(room),
    )


def wall_cabinets(room: Room) -> str:
    doors = (cabinet(room.main, x, 110, 112, 220, low_handle=True) for x in (20, 136, 780))
    return "".join(doors) + rect(10, 330, 244, 7, INK, opacity=0.2)


def cabinet(colour: str, x: float, y: float, width: float, height: float, *, low_handle: bool) -> str:
    handle = y + height - 34 if low_handle else y + 14
    return group(
        rect(x, y, width, height, colour),
        rect(x + 9, y + 9, width - 18, height - 18, lighter(colour, 0.1)),
        rect(x + width / 2 - 20, handle, 40, 6, "#d9c391", rx=3),
    )


def outlook_over_sink(hour: str, chance: Random) -> str:
    frame = curve("M280 130h280v220h-280ZM420 130v220", stroke="#fbfaf6", stroke_width=11)
    tap = curve(
        "M420 476v-56q0 -26 24 -26t24 26v10", stroke="#aab2b8", stroke_width=9, stroke_linecap="round"
    )
    return (
        view(hour, chance, 280, 130, width=280, height=220) + frame + rect(264, 350, 312, 12, "#fbfaf6") + tap
    )


def hob(room: Room, x: float) -> str:
    """A chimney above four burners."""
    steel = "#c3cad0"
    return group(
        rect(x + 20, 68, 70, 160, steel),
        polygon(((x + 20, 228), (x + 90, 228), (x + 122, 284), (x - 12, 284)), darker(steel, 0.1)),
        rect(x - 12, 284, 134, 14, darker(steel, 0.3)),
        rect(x - 16, 470, 142, 10, "#2c333b", rx=3),
        rect(x + 4, 432, 60, 38, room.accent, rx=6),
        rect(x - 4, 428, 76, 8, darker(room.accent, 0.2), rx=4),
        line((x + 72, 446), (x + 100, 446), darker(room.accent, 0.4), 7, stroke_linecap="round"),
    )


def base_cabinets(room: Room) -> str:
    doors = (cabinet(room.main, 8 + 112 * i, 500, 108, 128, low_handle=False) for i in range(8))
    return group(
        rect(0, 494, 910, 146, darker(room.main, 0.3)),
        *doors,
        rect(0, 478, 912, 20, "#f4f1ea"),
        rect(0, 498, 910, 7, INK, opacity=0.18),
    )


def fridge(room: Room, x: float) -> str:
    steel = mix("#cfd5d9", room.wall, 0.2)
    return group(
        shade(x + 80, 644, 96, 9),
        rect(x, 180, 156, 460, steel, rx=8),
        rect(x + 120, 180, 36, 460, darker(steel, 0.1), rx=8),
        rect(x, 350, 156, 5, darker(steel, 0.4)),
        *(rect(x + 14, y, 9, height, darker(steel, 0.5), rx=4) for y, height in ((250, 84), (372, 120))),
    )


def island(room: Room) -> str:
    wood = room.wood
    return group(
        shade(590, 868, 420, 18),
        rect(240, 690, 700, 176, lighter(wood, 0.06)),
        bars(240, 690, 700, 176, gap=50, stroke=darker(wood, 0.14), thickness=3),
        rect(240, 690, 700, 14, INK, opacity=0.2),
        rect(204, 664, 772, 28, "#f7f4ee", rx=4),
        *(stool(room, x, 880) for x in (340, 590, 840)),
        fruit(room, 470, 664),
    )


def stool(room: Room, x: float, y: float) -> str:
    legs = (
        line((x + a, y - 130), (x + b, y), darker(room.wood, 0.4), 8, stroke_linecap="round")
        for a, b in ((-34, -50), (34, 50))
    )
    return group(
        *legs,
        line((x - 44, y - 46), (x + 44, y - 46), darker(room.wood, 0.4), 6),
        rect(x - 56, y - 150, 112, 26, room.accent, rx=13),
    )


def fruit(room: Room, x: float, y: float) -> str:
    rounds = ((-26, -44, "#e3833f"), (6, -52, "#d6a93c"), (32, -42, "#b9504a"))
    bowl = f"M{x - 64} {y - 38}h128q-10 38 -44 38h-40q-34 0 -44 -38Z"
    return "".join(circle(x + dx, y + dy, 22, colour) for dx, dy, colour in rounds) + curve(bowl, room.main)


def balcony_view(palette: str, hour: str, chance: Random) -> str:
    """The city over a railing, with a chair, a table and pots."""
    room, sky = ROOMS[palette], SKIES[hour]
    rail = darker(room.wood, 0.6)
    return group(
        heaven(sky, chance),
        skyline(sky, chance, 640),
        rect(0, 636, WIDTH, 100, sky.haze("#5d8a5e", 0.16)),
        rect(60, 470, 1140, 250, GLASS, opacity=0.26),
        *(rect(x, 466, 8, 254, rail) for x in range(60, 1200, 270)),
        rect(40, 456, 1160, 14, rail),
        rect(0, 716, WIDTH, 184, room.floor),
        *(
            line((600 + x, 716), (600 + x * 1.8, HEIGHT), darker(room.floor, 0.12), 3)
            for x in range(-660, 700, 66)
        ),
        rect(0, 716, WIDTH, 10, INK, opacity=0.2),
        rect(0, 0, 96, 760, darker(room.wall, 0.1)),
        rect(0, 0, WIDTH, 50, lighter(room.wall, 0.2)),
        rect(0, 50, WIDTH, 10, darker(room.wall, 0.2)),
        fairy_lights(),
        rug(room, 600, 830, 380, 52),
        armchair(room, 300, 820),
        round_table(room, 640, 830),
        group(armchair(room, 0, 820), transform="translate(980 0) scale(-1 1)"),
        plant(room, 160, 830, 1.3),
        plant(room, 1090, 840, 1.05),
    )


def fairy_lights() -> str:
    swags = (f"M{x} 56q140 86 280 0" for x in range(60, 1200, 280))
    bulbs = (
        circle(x + 280 * t, 58 + 172 * t * (1 - t), 6, "#ffe6a0")
        + circle(x + 280 * t, 58 + 172 * t * (1 - t), 15, "#ffe6a0", opacity=0.25)
        for x in range(60, 1200, 280)
        for t in (0.14, 0.32, 0.5, 0.68, 0.86)
    )
    return curve("".join(swags), stroke="#5a4a42", stroke_width=2.5) + "".join(bulbs)


def round_table(room: Room, x: float, y: float) -> str:
    return group(
        shade(x, y, 90),
        rect(x - 6, y - 116, 12, 112, darker(room.wood, 0.4)),
        ellipse(x, y - 4, 48, 10, darker(room.wood, 0.4)),
        ellipse(x, y - 114, 92, 20, darker(room.wood, 0.1)),
        ellipse(x, y - 120, 92, 20, lighter(room.wood, 0.2)),
        vase(room, x - 14, y - 116, 0.7),
        rect(x + 26, y - 142, 26, 24, "#fbf8f2", rx=5),
    )


INTERIORS: tuple[Callable[[Random], str], ...] = (
    partial(living_room, "linen", "morning"),
    partial(kitchen, "sage", "noon"),
    partial(bedroom, "harbour", "rose"),
    partial(balcony_view, "linen", "golden"),
    partial(family_room, "ochre", "noon"),
    partial(kitchen, "harbour", "morning"),
    partial(bedroom, "blush", "morning"),
    partial(living_room, "plum", "dusk"),
    partial(family_room, "sage", "golden"),
    partial(balcony_view, "harbour", "dusk"),
    partial(bedroom, "chalk", "golden"),
    partial(kitchen, "blush", "rose"),
)
