"""The surroundings of a building: sky, skyline, ground, trees and cars."""

from math import cos, pi, sin
from random import Random

from demo.pictures.palettes import GRASS, LEAVES, LIGHTED, PAVING, ROAD, TRUNK, Sky
from demo.pictures.shapes import (
    HEIGHT,
    WIDTH,
    bars,
    circle,
    curve,
    darker,
    ellipse,
    glow,
    gradient,
    group,
    lighter,
    line,
    polygon,
    rect,
)


def heaven(sky: Sky, chance: Random) -> str:
    """The sky with its sun or moon, and clouds."""
    x, y = sky.sun_at
    return group(
        gradient("sky", sky.top, sky.middle, sky.low),
        glow("glow", sky.sun, 0.75),
        rect(0, 0, WIDTH, 760, "url(#sky)"),
        circle(x, y, 260, "url(#glow)"),
        circle(x, y, 46, sky.sun),
        *(
            cloud(sky, chance.uniform(0, WIDTH), chance.uniform(60, 330), chance.uniform(0.6, 1.3))
            for _ in range(4)
        ),
    )


def cloud(sky: Sky, x: float, y: float, size: float) -> str:
    puffs = ((-70, 0, 62, 15), (0, 0, 96, 20), (-20, -16, 48, 24), (34, -10, 44, 20), (80, 2, 58, 13))
    parts = (ellipse(x + dx * size, y + dy * size, w * size, h * size, sky.cloud) for dx, dy, w, h in puffs)
    return group(*parts, opacity=0.62)


def skyline(sky: Sky, chance: Random, base: float) -> str:
    """Two rows of distant towers, and a belt of trees before them."""
    far = towers(chance, base, 90, 250, sky.haze("#7d93ad", 0.62))
    near = towers(chance, base, 50, 150, sky.haze("#6b84a0", 0.4))
    return far + near + belt(sky, chance, base)


def towers(chance: Random, base: float, low: float, high: float, colour: str) -> str:
    parts, x = [], -20.0
    while x < WIDTH:
        width, height = chance.uniform(38, 84), chance.uniform(low, high)
        parts += [
            rect(x, base - height, width, height, colour),
            rooftop(x, base - height, width, chance, colour),
        ]
        x += width + chance.uniform(-6, 34)
    return "".join(parts)


def rooftop(x: float, y: float, width: float, chance: Random, colour: str) -> str:
    if chance.random() < 0.3:
        return rect(x + width / 2 - 2, y - 26, 3, 26, colour)
    return rect(x + width * 0.2, y - 12, width * 0.4, 12, colour)


def belt(sky: Sky, chance: Random, base: float) -> str:
    colour = sky.haze(LEAVES[2], 0.32)
    return "".join(
        ellipse(x, base + 6, chance.uniform(30, 52), chance.uniform(20, 46), colour)
        for x in range(0, WIDTH + 40, 38)
    )


def lawn(sky: Sky, top: float) -> str:
    grass = sky.tint(GRASS)
    return gradient("grass", lighter(grass, 0.08), darker(grass, 0.16)) + rect(
        0, top, WIDTH, HEIGHT - top, "url(#grass)"
    )


def road(sky: Sky, top: float, bottom: float) -> str:
    """A road seen from the side, with kerb and a dashed middle line."""
    tar, middle = sky.tint(ROAD), (top + bottom) / 2
    return group(
        rect(0, top - 12, WIDTH, 14, sky.tint(PAVING)),
        rect(0, top, WIDTH, bottom - top, tar),
        rect(0, top, WIDTH, 5, darker(tar, 0.3)),
        line((0, middle), (WIDTH, middle), sky.tint("#f1eee4"), 5, stroke_dasharray="46 34", opacity=0.8),
    )


def drive(sky: Sky, x: float, top: float, half: float, spread: float) -> str:
    """A paved way from a door towards the viewer."""
    paving = sky.tint(PAVING)
    edge = ((x - half, top), (x + half, top), (x + spread, HEIGHT), (x - spread, HEIGHT))
    steps = (0.15, 0.36, 0.64)
    rows = (
        line(
            (x - half - (spread - half) * t, top + (HEIGHT - top) * t),
            (x + half + (spread - half) * t, top + (HEIGHT - top) * t),
            darker(paving, 0.12),
            3,
        )
        for t in steps
    )
    return polygon(edge, paving) + "".join(rows)


def shadow(x: float, y: float, across: float, down: float = 10) -> str:
    return ellipse(x, y, across, down, "#142033", opacity=0.2)


def tree(sky: Sky, chance: Random, x: float, base: float, height: float) -> str:
    """A broad tree: a crown of overlapping rounds, lighter where the sun falls."""
    leaf = sky.tint(chance.choice(LEAVES))
    radius, middle = height * 0.3, base - height * 0.66
    rounds = ((-0.62, 0.28, 0.66), (0.62, 0.25, 0.68), (0, -0.3, 0.86), (0, 0.3, 0.8))
    crown = (circle(x + dx * radius, middle + dy * radius, r * radius, leaf) for dx, dy, r in rounds)
    glints = ((-0.3, -0.42, 0.44), (-0.72, 0.12, 0.3), (0.3, 0.1, 0.3))
    light = (
        circle(x + dx * radius, middle + dy * radius, r * radius, lighter(leaf, 0.16)) for dx, dy, r in glints
    )
    return group(
        shadow(x + height * 0.1, base, height * 0.36),
        trunk(sky, x, base, height * 0.5, height * 0.035),
        *crown,
        ellipse(x + radius * 0.3, middle + radius * 0.75, radius * 0.8, radius * 0.32, darker(leaf, 0.16)),
        *light,
    )


def trunk(sky: Sky, x: float, base: float, height: float, half: float) -> str:
    foot, top = half * 1.5, half * 0.7
    return polygon(
        ((x - foot, base), (x - top, base - height), (x + top, base - height), (x + foot, base)),
        sky.tint(TRUNK),
    )


def cypress(sky: Sky, chance: Random, x: float, base: float, height: float) -> str:
    """A narrow tree, as planted along drives."""
    leaf, half = sky.tint(chance.choice(LEAVES[:3])), height * 0.13
    left = "M0 -1C-1.7 -.5 -1 -.1 0 -.08"
    right = "C1 -.1 1.7 -.5 0 -1Z"
    return group(
        shadow(x + 6, base, half * 1.3, 6),
        rect(x - 3, base - 16, 6, 16, sky.tint(TRUNK)),
        group(
            curve(left + right, darker(leaf, 0.12)),
            curve(left + "Z", lighter(leaf, 0.1)),
            transform=f"translate({x:.5g} {base:.5g}) scale({half:.5g} {height:.5g})",
        ),
    )


def palm(sky: Sky, chance: Random, x: float, base: float, height: float) -> str:
    leaf, lean = sky.tint(LEAVES[1]), chance.uniform(-18, 18)
    top, reach = (x + lean, base - height), height * 0.34
    stem = f"M{x:.5g} {base:.5g}Q{x:.5g} {base - height * 0.6:.5g} {top[0]:.5g} {top[1]:.5g}"
    return group(
        shadow(x + 10, base, height * 0.2, 7),
        curve(stem, stroke=sky.tint(TRUNK), stroke_width=height * 0.035, stroke_linecap="round"),
        *(
            frond(*top, reach, pi * turn / 8, leaf if turn % 2 else darker(leaf, 0.2))
            for turn in (0, 8, 1, 7, 2, 6, 3, 5, 9, -1)
        ),
    )


def frond(x: float, y: float, reach: float, angle: float, colour: str) -> str:
    tip = (x + cos(angle) * reach, y - sin(angle) * reach * 0.55 + reach * 0.36)
    high = (x + cos(angle) * reach * 0.6, y - sin(angle) * reach * 0.8 - reach * 0.14)
    low = (high[0], high[1] + reach * 0.24)
    return curve(f"M{place(x, y)}Q{place(*high)} {place(*tip)}Q{place(*low)} {place(x, y)}Z", colour)


def place(x: float, y: float) -> str:
    return f"{x:.5g} {y:.5g}"


def hedge(sky: Sky, x: float, base: float, width: float, height: float = 34) -> str:
    leaf = sky.tint(LEAVES[2])
    bumps = max(2, round(width / 26))
    tops = (
        circle(x + width * (i + 0.5) / bumps, base - height + 8, width / bumps * 0.62, leaf)
        for i in range(bumps)
    )
    return group(
        *tops,
        rect(x, base - height + 6, width, height - 6, leaf, rx=6),
        rect(x, base - height * 0.4, width, height * 0.4, darker(leaf, 0.16), rx=6),
    )


def flowers(sky: Sky, chance: Random, x: float, base: float, width: float) -> str:
    colours = ("#e86f7c", "#f5b84b", "#f6f0f2", "#c86fb0")
    dots = (
        circle(
            x + chance.uniform(0, width),
            base - chance.uniform(4, 28),
            chance.uniform(3, 5),
            sky.tint(chance.choice(colours)),
        )
        for _ in range(round(width / 9))
    )
    return hedge(sky, x, base, width, 26) + "".join(dots)


def lamp(sky: Sky, x: float, base: float, height: float = 150) -> str:
    post = sky.tint("#3d4652")
    light = LIGHTED if sky.lit > 0.15 else sky.tint("#f2f2ee")
    halo = circle(x, base - height, 46, light, opacity=0.22) if sky.lit > 0.3 else ""
    return group(
        rect(x - 2.5, base - height, 5, height, post),
        rect(x - 8, base - 8, 16, 8, post),
        halo,
        circle(x, base - height, 11, light),
        rect(x - 9, base - height - 15, 18, 5, post, rx=2),
    )


def car(sky: Sky, x: float, base: float, colour: str, size: float = 1.0) -> str:
    """A hatchback seen from the side; `x` is its left end, and it is 190 units long at size 1."""
    paint, glass = sky.tint(colour), sky.tint("#2f4354")
    body = (
        "M4 -20Q2 -44 22 -48L54 -52Q72 -80 98 -80H128Q152 -78 166 -52"
        "Q188 -48 188 -30V-18Q188 -14 182 -14H10Q4 -14 4 -20Z"
    )
    wheels = (circle(at, -14, 17, "#20262e") + circle(at, -14, 8, "#aeb6bd") for at in (44, 148))
    return group(
        ellipse(96, 2, 102, 8, "#142033", opacity=0.3),
        curve(body, paint),
        curve("M64 -52Q78 -73 98 -73H108V-52Z", glass),
        curve("M114 -73H127Q144 -72 154 -52H114Z", glass),
        rect(4, -30, 184, 4, darker(paint, 0.2)),
        rect(182, -42, 6, 10, "#ffe7b0"),
        *wheels,
        transform=f"translate({x:.5g} {base:.5g}) scale({size:.4g})",
    )


def boundary(sky: Sky, x: float, base: float, width: float, height: float, *, colour: str) -> str:
    """A low wall with coping and piers."""
    wall = sky.tint(colour)
    piers = max(2, round(width / 150) + 1)
    posts = (
        rect(x + (width - 20) * i / (piers - 1), base - height - 12, 20, height + 12, darker(wall, 0.08))
        for i in range(piers)
    )
    return group(
        rect(x, base - height, width, height, wall),
        rect(x, base - height * 0.22, width, height * 0.22, darker(wall, 0.14)),
        *posts,
        rect(x - 3, base - height - 5, width + 6, 8, lighter(wall, 0.4)),
    )


def gate(sky: Sky, x: float, base: float, width: float, height: float, *, colour: str = "#4a4038") -> str:
    """A two-leaf gate of upright bars between pillars."""
    metal = sky.tint(colour)
    return group(
        rect(x, base - height, width, height, metal, opacity=0.25),
        bars(x, base - height, width, height - 4, gap=13, stroke=metal, thickness=5),
        rect(x, base - height, width, 6, metal),
        rect(x, base - height * 0.5, width, 6, metal),
        rect(x, base - 10, width, 6, metal),
        rect(x + width / 2 - 4, base - height - 4, 8, height + 2, darker(metal, 0.3)),
    )
