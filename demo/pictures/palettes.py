"""The colors of the pictures: skies at different times of day, facades and rooms."""

from dataclasses import dataclass

from demo.pictures.shapes import mix


@dataclass(frozen=True)
class Sky:
    """The sky at a time of day; its light tints everything below it."""

    top: str
    middle: str
    low: str
    sun: str
    sun_at: tuple[int, int]
    cloud: str
    ambient: str
    dim: float  # share of the ambient colour in everything
    lit: float  # share of windows with a light on

    def tint(self, colour: str) -> str:
        return mix(colour, self.ambient, self.dim)

    def haze(self, colour: str, share: float) -> str:
        """Blend a tinted color with the horizon's by `share`, for distant things."""
        return mix(self.tint(colour), self.low, share)


@dataclass(frozen=True)
class Facade:
    wall: str
    accent: str
    trim: str
    roof: str


@dataclass(frozen=True)
class Room:
    wall: str
    floor: str
    main: str
    second: str
    accent: str
    wood: str


SKIES = {
    "morning": Sky("#8fc7e8", "#c9e4ef", "#fdeed6", "#fff6d8", (930, 250), "#ffffff", "#f7d9b0", 0.06, 0.04),
    "noon": Sky("#4fa3dd", "#8dc8ec", "#dff1f7", "#fffbe6", (960, 150), "#ffffff", "#dff1f7", 0.02, 0.0),
    "golden": Sky("#6d9dc5", "#f3cf9c", "#fbb878", "#fff0c2", (240, 420), "#fde3c0", "#f2a05e", 0.14, 0.18),
    "rose": Sky("#7d86c4", "#e5a9bd", "#fcd3b4", "#ffe9cf", (900, 440), "#f6c9cd", "#c98bab", 0.16, 0.24),
    "dusk": Sky("#2f3f77", "#8a6aa6", "#f3a183", "#ffd9a8", (980, 560), "#a985b1", "#4a4a86", 0.34, 0.5),
    "evening": Sky("#16264d", "#2f4a7d", "#7d8fb8", "#f4f1dc", (940, 170), "#41598a", "#22356a", 0.48, 0.6),
    "monsoon": Sky("#86a3b3", "#b9cdd3", "#e6ece6", "#f6f7ee", (300, 180), "#f3f6f6", "#a9bcc0", 0.12, 0.14),
}

FACADES = {
    "ivory": Facade("#f4ead9", "#c9764f", "#ffffff", "#8d5a45"),
    "sand": Facade("#e8d3b0", "#8a5b3d", "#fbf4e6", "#6e4a38"),
    "slate": Facade("#dfe5ea", "#4b6478", "#ffffff", "#3f4f5e"),
    "terracotta": Facade("#d98f6c", "#f3e3cf", "#fff6ea", "#8f4a35"),
    "sage": Facade("#e9ece0", "#7d9a7f", "#ffffff", "#5d6f5c"),
    "rose": Facade("#f1d9d0", "#a8606a", "#fff8f4", "#7a444e"),
    "white": Facade("#f7f5f0", "#9c7a58", "#ffffff", "#555b66"),
    "ochre": Facade("#f0cf8e", "#5c7f8a", "#fffaf0", "#8a5636"),
    "teal": Facade("#d7e6e3", "#2f7f80", "#ffffff", "#3d5f63"),
    "stone": Facade("#cfc9bf", "#7a5a44", "#f6f3ee", "#4e4a48"),
}

ROOMS = {
    "linen": Room("#f3ebdf", "#d9b58c", "#7f9c96", "#e9dcc8", "#d9805f", "#a9744f"),
    "sage": Room("#dfe6d8", "#cfa67c", "#f2efe6", "#8fa98f", "#d8a24a", "#8f6343"),
    "blush": Room("#f4dfd6", "#d8b491", "#b5656b", "#f7efe8", "#44606b", "#b07d5b"),
    "harbour": Room("#d5e1e8", "#c6a581", "#33566e", "#f1f0ea", "#eab15c", "#8b6a50"),
    "ochre": Room("#f6e6c4", "#c08c62", "#5c7d79", "#fbf4e4", "#c2573c", "#7f5638"),
    "plum": Room("#e6dfe8", "#bd9878", "#6d5679", "#f4eff3", "#dc9e6d", "#7a5a4c"),
    "chalk": Room("#f5f4f0", "#cdb79c", "#56636b", "#e4e1d9", "#7da38a", "#b58a62"),
}

LEAVES = ("#4f8a55", "#6aa25a", "#3f7a58", "#86b05c")
GRASS = "#8fbf6a"
SOIL = "#b98f66"
TRUNK = "#7b5840"
ROAD = "#6d727c"
PAVING = "#d8cfc2"
GLASS = "#7fa9bd"
LIGHTED = "#ffdf94"
WATER = "#5fc0d0"
WOOD = "#b07a4e"
