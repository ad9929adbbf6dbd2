"""A single-stroke alphabet, so that labels look the same on machines without fonts."""

from demo.pictures.shapes import curve

# Glyphs are drawn on a grid 4 wide and 6 high, with the baseline at y = 6.
GLYPHS = {
    "A": "M0 6L2 0L4 6M.8 4H3.2",
    "B": "M0 0V6H2.4Q4 6 4 4.5T2.4 3H0H2.2Q3.7 3 3.7 1.5T2.2 0Z",
    "C": "M4 1.2Q3.4 0 2.2 0Q0 0 0 3T2.2 6Q3.4 6 4 4.8",
    "D": "M0 0V6H1.8Q4 6 4 3T1.8 0Z",
    "E": "M3.6 0H0V6H3.6M0 3H3",
    "F": "M3.6 0H0V6M0 3H3",
    "G": "M4 1.2Q3.4 0 2.2 0Q0 0 0 3T2.2 6Q4 6 4 3.4H2.4",
    "H": "M0 0V6M4 0V6M0 3H4",
    "I": "M2 0V6",
    "J": "M3.4 0V4.2Q3.4 6 1.8 6Q.4 6 0 4.8",
    "K": "M0 0V6M3.8 0L0 3.4M1.3 2.3L4 6",
    "L": "M0 0V6H3.4",
    "M": "M0 6V0L2 4L4 0V6",
    "N": "M0 6V0L4 6V0",
    "O": "M2 0Q4 0 4 3T2 6T0 3T2 0",
    "P": "M0 6V0H2.2Q4 0 4 1.7T2.2 3.4H0",
    "R": "M0 6V0H2.2Q4 0 4 1.6T2.2 3.2H0M2 3.2L4 6",
    "S": "M3.8 1Q3.2 0 2 0Q.2 0 .2 1.5T2 3T3.8 4.5T2 6Q.6 6 0 5",
    "T": "M0 0H4M2 0V6",
    "U": "M0 0V4Q0 6 2 6T4 4V0",
    "V": "M0 0L2 6L4 0",
    "W": "M0 0L1 6L2 2L3 6L4 0",
    "X": "M0 0L4 6M4 0L0 6",
    "Y": "M0 0L2 3L4 0M2 3V6",
    "0": "M2 0Q4 0 4 3T2 6T0 3T2 0",
    "1": "M.8 1.2L2.2 0V6",
    "2": "M.2 1.3Q.5 0 2 0Q3.8 0 3.8 1.6Q3.8 2.6 2.8 3.6L0 6H4",
    "3": "M.3 0H3.8L2 2.4Q4 2.4 4 4.2T2 6Q.6 6 0 5",
    "4": "M3 6V0L0 4.2H4",
    "5": "M3.6 0H.6L.3 2.6Q1 2.2 2 2.2Q4 2.2 4 4.1T2 6Q.6 6 0 5",
    "6": "M3.4 0Q0 1.4 0 4Q0 6 2 6T4 4.2T2 2.4Q.6 2.4 0 4",
    "7": "M0 0H4L1.4 6",
    "8": "M2 3Q.3 3 .3 1.5T2 0T3.7 1.5T2 3Q0 3 0 4.5T2 6T4 4.5T2 3",
    "9": "M.6 6Q4 4.6 4 2Q4 0 2 0T0 1.8T2 3.6Q3.4 3.6 4 2",
    "+": "M2 1.6V5M.3 3.3H3.7",
    "'": "M2 0V1.4",
    " ": "",
}
ADVANCE = 5.6


def lettering(text: str, x: float, y: float, height: float, colour: str, *, weight: float = 0.62) -> str:
    """Draw capitals centered on (x, y); `weight` is the stroke width in sixths of the height."""
    scale = height / 6
    top = y - height / 2
    left = x - (len(text) * ADVANCE - (ADVANCE - 4)) * scale / 2
    return "".join(
        curve(
            GLYPHS[letter],
            stroke=colour,
            stroke_width=weight,
            stroke_linecap="round",
            stroke_linejoin="round",
            transform=f"translate({left + place * ADVANCE * scale:.5g} {top:.5g}) scale({scale:.4g})",
        )
        for place, letter in enumerate(text)
        if GLYPHS[letter]
    )
