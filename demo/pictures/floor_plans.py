"""Floor plans of a studio and of one to five bedrooms, drawn to scale from rooms in feet."""

from dataclasses import dataclass
from math import inf

from demo.pictures.lettering import lettering
from demo.pictures.shapes import HEIGHT, WIDTH, circle, curve, ellipse, group, line, polygon, rect

INK = "#2b3240"
WALL = "#39414f"
FAINT = "#8d95a1"
PAPER = "#fbfaf6"
FURNITURE = "#ffffff"

FLOORS = {
    "BEDROOM": "#e3ebf3",
    "MASTER": "#dbe6f1",
    "LIVING": "#f6ecd9",
    "STUDIO": "#f6ecd9",
    "DINING": "#f6ecd9",
    "FAMILY": "#f6ecd9",
    "FOYER": "#f6ecd9",
    "KITCHEN": "#f5dfd2",
    "UTILITY": "#efe7e0",
    "BALCONY": "#e0ecd8",
    "BATH": "#d6ebea",
    "POWDER": "#d6ebea",
    "POOJA": "#f8e3c0",
}
THOROUGHFARES = {"LIVING", "DINING", "FOYER", "FAMILY", "STUDIO"}
OTHER_FLOOR = "#f1ede6"


@dataclass(frozen=True)
class Space:
    """A room: its corner and size in feet."""

    name: str
    x: float
    y: float
    width: float
    depth: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.depth

    @property
    def area(self) -> float:
        return self.width * self.depth

    def holds(self, x: float, y: float) -> bool:
        return self.x < x < self.right and self.y < y < self.bottom

    @property
    def purpose(self) -> str:
        return self.name.split()[0] if self.name else ""


@dataclass(frozen=True)
class Opening:
    """A stretch of wall from (x, y) rightwards or, if upright, downwards, in feet."""

    x: float
    y: float
    length: float
    upright: bool = False

    def beside(self, distance: float) -> tuple[float, float]:
        """Return the point at `distance` from the middle: right or below, or left or above if negative."""
        half = self.length / 2
        return (self.x + distance, self.y + half) if self.upright else (self.x + half, self.y + distance)


@dataclass(frozen=True)
class Plan:
    title: str
    spaces: tuple[Space, ...]
    doors: tuple[Opening, ...]
    joined: tuple[Opening, ...] = ()  # rooms that have no wall between them

    @property
    def width(self) -> float:
        return max(space.right for space in self.spaces)

    @property
    def depth(self) -> float:
        return max(space.bottom for space in self.spaces)

    def at(self, point: tuple[float, float]) -> Space | None:
        return next((space for space in self.spaces if space.holds(*point)), None)


def across(x: float, y: float, length: float = 3) -> Opening:
    return Opening(x, y, length)


def upright(x: float, y: float, length: float = 3) -> Opening:
    return Opening(x, y, length, upright=True)


PLANS = (
    Plan(
        "STUDIO APARTMENT",
        (
            Space("STUDIO ROOM", 0, 0, 18, 14),
            Space("BALCONY", 18, 0, 10, 7),
            Space("KITCHEN", 18, 7, 10, 7),
            Space("FOYER", 0, 14, 10, 6),
            Space("BATH", 10, 14, 8, 6),
            Space("UTILITY", 18, 14, 10, 6),
        ),
        (across(1, 20, 3.5), upright(18, 9), upright(10, 16), across(23, 14)),
        (across(0, 14, 9),),
    ),
    Plan(
        "1 BHK APARTMENT",
        (
            Space("BALCONY", 0, 0, 16, 5),
            Space("LIVING", 0, 5, 16, 11),
            Space("DINING", 0, 16, 16, 6),
            Space("BEDROOM", 16, 0, 16, 12),
            Space("KITCHEN", 16, 12, 9, 10),
            Space("BATH", 25, 12, 7, 10),
        ),
        (upright(0, 17, 3.5), upright(16, 8.5), upright(16, 17.5), across(28.5, 12)),
        (across(0, 16, 16),),
    ),
    Plan(
        "2 BHK APARTMENT",
        (
            Space("MASTER", 0, 0, 13, 12),
            Space("BATH", 0, 12, 8, 6),
            Space("", 8, 12, 5, 6),
            Space("BEDROOM 2", 0, 18, 13, 10),
            Space("BALCONY", 13, 0, 14, 5),
            Space("LIVING", 13, 5, 14, 13),
            Space("DINING", 13, 18, 14, 10),
            Space("UTILITY", 27, 0, 11, 6),
            Space("KITCHEN", 27, 6, 11, 10),
            Space("BATH", 27, 16, 11, 6),
            Space("FOYER", 27, 22, 11, 6),
        ),
        (
            across(9, 12),
            upright(8, 14.8),
            across(9, 18),
            upright(27, 11),
            across(33, 6),
            upright(27, 18.7),
            across(28.5, 28, 3.5),
        ),
        (upright(13, 12, 6), across(13, 18, 14), upright(27, 22, 6)),
    ),
    Plan(
        "3 BHK APARTMENT",
        (
            Space("BEDROOM 2", 0, 0, 13, 13),
            Space("BATH", 0, 13, 8, 6),
            Space("", 8, 13, 5, 6),
            Space("BEDROOM 3", 0, 19, 13, 13),
            Space("BALCONY", 13, 0, 18, 5),
            Space("LIVING", 13, 5, 18, 14),
            Space("DINING", 13, 19, 18, 7),
            Space("FOYER", 13, 26, 9, 6),
            Space("POWDER", 22, 26, 9, 6),
            Space("MASTER", 31, 0, 15, 13),
            Space("", 31, 13, 6, 6),
            Space("BATH", 37, 13, 9, 6),
            Space("KITCHEN", 31, 19, 15, 8),
            Space("UTILITY", 31, 27, 15, 5),
        ),
        (
            across(9, 13),
            upright(8, 15.8),
            across(9, 19),
            across(32, 13),
            across(42.5, 13),
            upright(31, 21.5),
            across(41, 27),
            upright(22, 28.7),
            across(14, 32, 3.5),
        ),
        (upright(13, 13, 6), upright(31, 13, 6), across(13, 19, 18), across(13, 26, 9)),
    ),
    Plan(
        "4 BHK APARTMENT",
        (
            Space("BEDROOM 2", 0, 0, 13, 15),
            Space("BATH", 0, 15, 8, 6),
            Space("", 8, 15, 5, 6),
            Space("BEDROOM 4", 0, 21, 13, 15),
            Space("BALCONY", 13, 0, 16, 5),
            Space("LIVING", 13, 5, 16, 16),
            Space("DINING", 13, 21, 16, 9),
            Space("FOYER", 13, 30, 9, 6),
            Space("POOJA", 22, 30, 7, 6),
            Space("BATH", 29, 0, 12, 5),
            Space("BEDROOM 3", 29, 5, 12, 10),
            Space("MASTER", 41, 0, 13, 15),
            Space("", 29, 15, 15, 5),
            Space("BATH", 44, 15, 10, 8),
            Space("KITCHEN", 29, 20, 15, 10),
            Space("UTILITY", 44, 23, 10, 7),
            Space("STAFF", 29, 30, 13, 6),
            Space("BALCONY", 42, 30, 12, 6),
        ),
        (
            across(9, 15),
            upright(8, 17.8),
            across(9, 21),
            across(33.8, 5),
            across(37, 15),
            across(41, 15),
            across(50, 15),
            upright(29, 24),
            upright(44, 26.8),
            across(32, 30),
            across(24, 30),
            across(14, 36, 3.5),
        ),
        (upright(13, 15, 6), upright(29, 15, 5), across(13, 21, 16), across(13, 30, 9)),
    ),
    Plan(
        "5 BHK RESIDENCE",
        (
            Space("BEDROOM 2", 0, 0, 14, 14),
            Space("BATH", 0, 14, 9, 7),
            Space("", 9, 14, 5, 13),
            Space("BATH", 0, 21, 9, 6),
            Space("BEDROOM 3", 0, 27, 14, 15),
            Space("BALCONY", 14, 0, 18, 6),
            Space("LIVING", 14, 6, 18, 15),
            Space("DINING", 14, 21, 18, 11),
            Space("FOYER", 14, 32, 9, 10),
            Space("POOJA", 23, 32, 9, 10),
            Space("BEDROOM 4", 32, 0, 14, 14),
            Space("MASTER", 46, 0, 16, 14),
            Space("", 32, 14, 18, 5),
            Space("BATH", 50, 14, 12, 8),
            Space("BATH", 32, 19, 8, 8),
            Space("FAMILY", 40, 19, 10, 8),
            Space("BEDROOM 5", 50, 22, 12, 12),
            Space("KITCHEN", 32, 27, 18, 9),
            Space("UTILITY", 32, 36, 9, 6),
            Space("STAFF", 41, 36, 9, 6),
            Space("BALCONY", 50, 34, 12, 8),
        ),
        (
            across(10, 14),
            upright(9, 17.6),
            upright(9, 23.8),
            across(10, 27),
            across(42, 14),
            across(46.5, 14),
            across(57, 14),
            across(36.5, 19),
            upright(50, 24),
            upright(32, 28),
            across(37.6, 36),
            across(45, 36),
            across(26, 32),
            across(15, 42, 3.5),
        ),
        (upright(14, 14, 13), upright(32, 14, 5), across(14, 21, 18), across(14, 32, 9), across(40, 19, 10)),
    ),
)


@dataclass(frozen=True)
class Sheet:
    """Converts feet to points on the canvas."""

    left: float
    top: float
    scale: float  # units per foot

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.left + x * self.scale, self.top + y * self.scale


def floor_plan(plan: Plan) -> str:
    scale = min(1040 / plan.width, 690 / plan.depth)
    sheet = Sheet((WIDTH - plan.width * scale) / 2, 108 + (690 - plan.depth * scale) / 2, scale)
    return group(
        rect(0, 0, WIDTH, HEIGHT, PAPER),
        lettering(plan.title, WIDTH / 2, 56, 30, INK, weight=0.6),
        *(paving(sheet, space) for space in plan.spaces),
        *(furniture(sheet, plan, space) for space in plan.spaces),
        *(walls(sheet, space) for space in plan.spaces),
        *(gap(sheet, opening) for opening in plan.joined),
        outline(sheet, plan),
        *(windows(sheet, plan, space) for space in plan.spaces),
        *(balcony_doors(sheet, plan, space) for space in plan.spaces if space.purpose == "BALCONY"),
        *(door(sheet, plan, opening) for opening in plan.doors),
        *(label(sheet, plan, space) for space in plan.spaces if space.name),
        scale_bar(sheet),
        north(1136, 62),
    )


def floor_colour(space: Space) -> str:
    return FLOORS.get(space.purpose, OTHER_FLOOR) if space.name else FLOORS["LIVING"]


def paving(sheet: Sheet, space: Space) -> str:
    x, y = sheet.at(space.x, space.y)
    return rect(x, y, space.width * sheet.scale, space.depth * sheet.scale, floor_colour(space))


def walls(sheet: Sheet, space: Space) -> str:
    x, y = sheet.at(space.x, space.y)
    return rect(
        x, y, space.width * sheet.scale, space.depth * sheet.scale, "none", stroke=WALL, stroke_width=6
    )


def outline(sheet: Sheet, plan: Plan) -> str:
    x, y = sheet.at(0, 0)
    return rect(
        x, y, plan.width * sheet.scale, plan.depth * sheet.scale, "none", stroke=WALL, stroke_width=11
    )


def span(sheet: Sheet, opening: Opening, stroke: str, width: float, inset: float = 0) -> str:
    """The opening as a stroke, shortened at both ends by `inset` canvas units."""
    x, y = sheet.at(opening.x, opening.y)
    length = opening.length * sheet.scale
    if opening.upright:
        return line((x, y + inset), (x, y + length - inset), stroke, width)
    return line((x + inset, y), (x + length - inset, y), stroke, width)


def gap(sheet: Sheet, opening: Opening) -> str:
    return span(sheet, opening, FLOORS["LIVING"], 8, 3)


def glazed(sheet: Sheet, opening: Opening) -> str:
    return (
        span(sheet, opening, WALL, 12)
        + span(sheet, opening, "#ffffff", 8, 2)
        + span(sheet, opening, "#6f9fb8", 2.5, 2)
    )


def windows(sheet: Sheet, plan: Plan, space: Space) -> str:
    """Draw a window in the middle of each outer wall of a room; a balcony gets a parapet instead."""
    if not space.name or space.purpose == "FOYER":
        return ""
    share = 0.9 if space.purpose == "BALCONY" else 0.42
    return "".join(
        glazed(sheet, centred(wall, share))
        for wall in outer_walls(plan, space)
        if free(plan, centred(wall, share))
    )


def outer_walls(plan: Plan, space: Space) -> list[Opening]:
    sides = (
        (space.x == 0, Opening(0, space.y, space.depth, upright=True)),
        (space.right == plan.width, Opening(plan.width, space.y, space.depth, upright=True)),
        (space.y == 0, Opening(space.x, 0, space.width)),
        (space.bottom == plan.depth, Opening(space.x, plan.depth, space.width)),
    )
    return [wall for outer, wall in sides if outer]


def centred(wall: Opening, share: float) -> Opening:
    length, margin = wall.length * share, wall.length * (1 - share) / 2
    if wall.upright:
        return Opening(wall.x, wall.y + margin, length, upright=True)
    return Opening(wall.x + margin, wall.y, length)


def free(plan: Plan, wall: Opening) -> bool:
    """Return whether this stretch of wall has no door."""
    return not any(overlap(door, wall) for door in plan.doors)


def overlap(one: Opening, other: Opening) -> bool:
    if one.upright != other.upright:
        return False
    if one.upright:
        return one.x == other.x and one.y < other.y + other.length and other.y < one.y + one.length
    return one.y == other.y and one.x < other.x + other.length and other.x < one.x + one.length


def balcony_doors(sheet: Sheet, plan: Plan, balcony: Space) -> str:
    """A sliding door to each room that lies along the balcony's long sides."""
    rooms = (
        space
        for space in plan.spaces
        if space.x == balcony.x and balcony.y in {space.bottom, space.y - balcony.depth}
    )
    return "".join(
        glazed(sheet, centred(Opening(room.x, max(room.y, balcony.y), min(room.width, balcony.width)), 0.6))
        for room in rooms
    )


def door(sheet: Sheet, plan: Plan, opening: Opening) -> str:
    """Draw a gap in the wall, the door leaf and the arc of its swing."""
    x, y = sheet.at(opening.x, opening.y)
    size = opening.length * sheet.scale
    turn = size * swing(plan, opening)
    if opening.upright:
        leaf, arc = f"h{turn}", f"A{size} {size} 0 0 {int(turn > 0)} {x} {y + size}"
    else:
        leaf, arc = f"v{turn}", f"A{size} {size} 0 0 {int(turn < 0)} {x + size} {y}"
    return group(
        span(sheet, opening, "#fffdf8", 13),
        curve(f"M{x} {y}{leaf}{arc}", stroke=FAINT, stroke_width=1.8),
        curve(f"M{x} {y}{leaf}", stroke=INK, stroke_width=3.5),
    )


def swing(plan: Plan, opening: Opening) -> int:
    """Return 1 to open right or down, else -1: into the smaller room, not into a passage or outside."""
    return min((1, -1), key=lambda way: swing_cost(plan.at(opening.beside(0.5 * way))))


def swing_cost(space: Space | None) -> tuple[int, float]:
    if space is None or not space.name:
        return 2, inf
    return int(space.purpose in THOROUGHFARES), space.area


def turned(plan: Plan, space: Space) -> tuple[bool, bool]:
    """Return whether a room's furniture is mirrored in x and in y, to keep it away from doors."""
    walls = {wall: has_door(plan, space, wall) for wall in ("left", "top", "bottom")}
    if space.purpose == "KITCHEN":
        return False, walls["bottom"]
    return walls["left"], walls["top"] and not walls["bottom"]


def has_door(plan: Plan, space: Space, wall: str) -> bool:
    sides = {
        "left": Opening(space.x, space.y, space.depth, upright=True),
        "top": Opening(space.x, space.y, space.width),
        "bottom": Opening(space.x, space.bottom, space.width),
    }
    return not free(plan, sides[wall])


def label(sheet: Sheet, plan: Plan, space: Space) -> str:
    """Write name and size where there is no furniture."""
    (across_share, down_share), (mirrored, flipped) = (
        LABELS.get(space.purpose, (0.5, 0.5)),
        turned(plan, space),
    )
    x, y = sheet.at(
        space.x + space.width * (1 - across_share if mirrored else across_share),
        space.y + space.depth * (1 - down_share if flipped else down_share),
    )
    height = min(14.0, space.width * sheet.scale / (len(space.name) * 1.75))
    return group(
        lettering(space.name, x, y - height * 0.62, height, INK, weight=0.86),
        lettering(
            f"{space.width:g}' X {space.depth:g}'",
            x,
            y + height * 0.82,
            height * 0.72,
            "#6b7380",
            weight=0.75,
        ),
    )


def furniture(sheet: Sheet, plan: Plan, space: Space) -> str:
    """Draw the usual furniture of a room's purpose, in feet from its corner."""
    draw = PIECES.get(space.purpose)
    if draw is None:
        return ""
    mirrored, flipped = turned(plan, space)
    x, y = sheet.at(space.right if mirrored else space.x, space.bottom if flipped else space.y)
    wide, deep = (-sheet.scale if mirrored else sheet.scale), (-sheet.scale if flipped else sheet.scale)
    return group(draw(space), transform=f"translate({x:.5g} {y:.5g}) scale({wide:.5g} {deep:.5g})")


def piece(
    x: float, y: float, width: float, depth: float, *, radius: float = 0.2, fill: str = FURNITURE
) -> str:
    return rect(x, y, width, depth, fill, rx=radius, stroke=FAINT, stroke_width=0.09)


def bed(space: Space) -> str:
    """A double bed against the left wall, with side tables; a wardrobe on the upper wall."""
    tables = (0.6, 7.8) if space.depth >= 12 else (0.6,)
    return group(
        *(piece(0.4, y, 1.5, 1.4) + circle(1.15, y + 0.7, 0.4, "#f7e6b8") for y in tables),
        piece(0.4, 2.3, 6.5, 5.2),
        *(piece(0.7, y, 1.4, 2, radius=0.4, fill="#eef2f6") for y in (2.7, 5.1)),
        piece(2.6, 2.3, 4.3, 5.2, fill="#bccde0"),
        piece(2.6, 2.3, 0.9, 5.2, fill="#f4f7fa"),
        wardrobe(space.width - 4.2, 4),
    )


def wardrobe(x: float, width: float) -> str:
    return piece(x, 0.3, width, 1.8, radius=0, fill="#e3c9a6") + line((x, 0.3), (x + width, 2.1), FAINT, 0.07)


def lounge(space: Space) -> str:
    """A rug, a sofa below, a table, and two chairs if there is room."""
    middle, low = space.width / 2, space.depth - 3.6
    return group(
        piece(middle - 4.6, low - 4.6, 9.2, 5, radius=0.3, fill="#ecd8b4"),
        piece(middle - 4.2, low - 4.2, 8.4, 4.2, radius=0.2, fill="#f3e4c6"),
        settee(middle - 3.8, low, 7.6),
        piece(middle - 1.8, low - 2.9, 3.6, 1.8, fill="#d9b98e"),
        *(
            piece(x, low - 3.2, 2.2, 2.4, radius=0.6)
            for x in (middle - 6.4, middle + 4.2)
            if space.width > 13
        ),
    )


def settee(x: float, y: float, width: float) -> str:
    cushion = (width - 1.2) / 2
    seats = (
        piece(x + 0.6 + cushion * i, y + 0.2, cushion, 1.7, radius=0.3, fill="#eadfce") for i in range(2)
    )
    return piece(x, y, width, 2.8, radius=0.5) + "".join(seats)


def nook(space: Space) -> str:
    return settee(space.width / 2 - 3.2, space.depth - 3.2, 6.4)


def dining(space: Space) -> str:
    """A table with six chairs."""
    x, y = space.width * 0.62, space.depth / 2
    chairs = ((dx, dy) for dx in (-2.35, -0.65, 1.05) for dy in (-2.5, 1.2))
    return group(
        *(piece(x + dx, y + dy, 1.3, 1.3, radius=0.4) for dx, dy in chairs),
        piece(x - 3, y - 1.6, 6, 3.2, radius=0.4, fill="#dcb98a"),
    )


def kitchen(space: Space) -> str:
    """A counter in the lower right corner, with hob, sink and refrigerator."""
    width, depth = space.width, space.depth
    upper = depth * 0.4
    hob = (width - 1.85, upper + 0.5)
    rings = (
        circle(hob[0] + dx, hob[1] + dy, 0.28, "none", stroke=INK, stroke_width=0.08)
        for dx in (0.4, 1.1)
        for dy in (0.5, 1.5)
    )
    return group(
        polygon(
            (
                (3.4, depth - 2.1),
                (width - 2.1, depth - 2.1),
                (width - 2.1, upper),
                (width - 0.2, upper),
                (width - 0.2, depth - 0.2),
                (3.4, depth - 0.2),
            ),
            FURNITURE,
            stroke=FAINT,
            stroke_width=0.09,
        ),
        piece(*hob, 1.5, 2, fill="#d9dee3"),
        *rings,
        piece(width * 0.5, depth - 1.85, 2.2, 1.4, radius=0.3, fill="#c9dfe8"),
        piece(3.3, depth - 2.4, 2.1, 2.2, radius=0.1, fill="#e4e9ec"),
    )


def bath(space: Space) -> str:
    """A shower in one corner, a basin and a toilet along the upper wall."""
    width = space.width
    return group(
        piece(0.3, 0.3, 2.7, min(3, space.depth - 2.4), radius=0, fill="#b7dadd"),
        circle(1.75, 1.8, 0.3, "none", stroke=FAINT, stroke_width=0.1),
        piece(width - 2.2, 0.4, 1.7, 0.7, radius=0.1),
        ellipse(width - 1.35, 1.9, 0.7, 0.95, FURNITURE, stroke=FAINT, stroke_width=0.1),
        piece(width - 4.6, 0.4, 1.9, 1.4, radius=0.4),
        ellipse(width - 3.65, 1.1, 0.6, 0.4, "#c3e0e2", stroke=FAINT, stroke_width=0.08),
    )


def greenery(space: Space) -> str:
    leaves = ((1.2, 1.2), (space.width - 1.2, 1.2), (1.2, space.depth - 1.2))
    return "".join(circle(x, y, 0.75, "#9cc28a") + circle(x, y, 0.42, "#7dab6d") for x, y in leaves)


def studio(space: Space) -> str:
    return (
        bed(space)
        + settee(space.width - 6.2, space.depth - 3.8, 5)
        + piece(space.width - 5.2, space.depth - 6.6, 3, 1.6, fill="#d9b98e")
    )


def washing(space: Space) -> str:
    """A machine, and a basin as wide as the room allows."""
    drum = circle(1.4, 1.5, 0.75, "#c9dfe8", stroke=FAINT, stroke_width=0.09)
    return piece(0.3, 0.4, 2.2, 2.2) + drum + piece(2.8, 0.4, min(2, space.width - 7), 1.4, fill="#e4e9ec")


PIECES = {
    "BEDROOM": bed,
    "MASTER": bed,
    "LIVING": lounge,
    "FAMILY": nook,
    "STUDIO": studio,
    "DINING": dining,
    "KITCHEN": kitchen,
    "BATH": bath,
    "POWDER": bath,
    "BALCONY": greenery,
    "UTILITY": washing,
}

# Position of a room's name as shares of its width and depth, clear of the furniture above.
LABELS = {
    "BEDROOM": (0.38, 0.87),
    "MASTER": (0.5, 0.87),
    "LIVING": (0.5, 0.14),
    "FAMILY": (0.5, 0.3),
    "STUDIO": (0.53, 0.4),
    "DINING": (0.2, 0.5),
    "FOYER": (0.7, 0.5),
    "KITCHEN": (0.52, 0.3),
    "BATH": (0.27, 0.76),
    "POWDER": (0.32, 0.76),
    "UTILITY": (0.3, 0.74),
    "POOJA": (0.5, 0.25),
    "STAFF": (0.5, 0.25),
}


def scale_bar(sheet: Sheet) -> str:
    """Draw a scale of ten feet in two halves."""
    half, x, y = sheet.scale * 5, sheet.left, 850.0
    return group(
        rect(x, y, half, 8, INK),
        rect(x + half, y, half, 8, "#ffffff", stroke=INK, stroke_width=1.5),
        lettering("0", x, y - 14, 12, INK),
        lettering("5", x + half, y - 14, 12, INK),
        lettering("10 FT", x + half * 2, y - 14, 12, INK),
    )


def north(x: float, y: float) -> str:
    return group(
        circle(x, y, 30, "none", stroke=INK, stroke_width=2),
        polygon(((x, y - 40), (x + 12, y + 18), (x, y + 8)), INK),
        polygon(((x, y - 40), (x - 12, y + 18), (x, y + 8)), "#ffffff", stroke=INK, stroke_width=1.5),
        lettering("N", x, y + 46, 14, INK),
    )
