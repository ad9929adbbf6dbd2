"""SVG elements as text, on a canvas of 1200 by 900 units with the y axis pointing down."""

from collections.abc import Iterable
from functools import cache

WIDTH, HEIGHT = 1200, 900
INK = "#1b2438"

Point = tuple[float, float]
Attribute = str | float


def element(tag: str, *children: str, **attributes: Attribute) -> str:
    """Return an element; underscores in attribute names become hyphens, and floats are shortened."""
    written = "".join(f' {name.replace("_", "-")}="{plain(value)}"' for name, value in attributes.items())
    return f"<{tag}{written}>{''.join(children)}</{tag}>" if children else f"<{tag}{written}/>"


def plain(value: Attribute) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def document(*children: str) -> str:
    box = f"0 0 {WIDTH} {HEIGHT}"
    return element("svg", *children, xmlns="http://www.w3.org/2000/svg", viewBox=box)


def group(*children: str, **attributes: Attribute) -> str:
    return element("g", *children, **attributes) if children else ""


def rect(x: float, y: float, width: float, height: float, fill: str, **more: Attribute) -> str:
    return element("rect", x=x, y=y, width=width, height=height, fill=fill, **more)


def circle(x: float, y: float, radius: float, fill: str, **more: Attribute) -> str:
    return element("circle", cx=x, cy=y, r=radius, fill=fill, **more)


def ellipse(x: float, y: float, across: float, down: float, fill: str, **more: Attribute) -> str:
    return element("ellipse", cx=x, cy=y, rx=across, ry=down, fill=fill, **more)


def polygon(points: Iterable[Point], fill: str, **more: Attribute) -> str:
    return element("polygon", points=" ".join(f"{x:.5g},{y:.5g}" for x, y in points), fill=fill, **more)


def curve(d: str, fill: str = "none", **more: Attribute) -> str:
    return element("path", d=d, fill=fill, **more)


def line(start: Point, end: Point, stroke: str, width: float, **more: Attribute) -> str:
    (x1, y1), (x2, y2) = start, end
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=width, **more)


def bars(
    x: float, y: float, width: float, height: float, *, gap: float, stroke: str, thickness: float
) -> str:
    """Evenly spaced vertical strokes, as one path."""
    count = max(1, round(width / gap))
    d = "".join(f"M{x + width * (i + 0.5) / count:.5g} {y:.5g}v{height:.5g}" for i in range(count))
    return curve(d, stroke=stroke, stroke_width=thickness)


def courses(
    x: float, y: float, width: float, height: float, *, gap: float, stroke: str, thickness: float
) -> str:
    """Evenly spaced horizontal strokes, as one path."""
    count = max(1, round(height / gap))
    d = "".join(f"M{x:.5g} {y + height * (i + 0.5) / count:.5g}h{width:.5g}" for i in range(count))
    return curve(d, stroke=stroke, stroke_width=thickness)


def gradient(name: str, *stops: str) -> str:
    """A gradient from top to bottom with evenly spaced colors; fill with `url(#name)`."""
    last = len(stops) - 1
    marks = (element("stop", offset=place / last, stop_color=colour) for place, colour in enumerate(stops))
    return element("linearGradient", *marks, id=name, x1=0, y1=0, x2=0, y2=1)


def glow(name: str, colour: str, opacity: float) -> str:
    """A round gradient that fades to nothing; fill with `url(#name)`."""
    centre = element("stop", offset=0, stop_color=colour, stop_opacity=opacity)
    rim = element("stop", offset=1, stop_color=colour, stop_opacity=0)
    return element("radialGradient", centre, rim, id=name)


@cache
def mix(colour: str, other: str, share: float) -> str:
    """Mix a share of another color into a color, both written as #rrggbb."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(a + (b - a) * share) for a, b in pairs).hex()


def darker(colour: str, share: float) -> str:
    return mix(colour, INK, share)


def lighter(colour: str, share: float) -> str:
    return mix(colour, "#ffffff", share)
