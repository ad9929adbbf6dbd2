"""The appearance of rendered pictures."""

import io
import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest
import pyvips

from domain.pictures import PictureRefused
from imaging.child import serve
from imaging.rendering import render
from imaging.wire import LENGTH, READY, framed
from tests.pictures import black, jpeg, photo, png, transparent, webp

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def colours(webp: bytes, *places: tuple[int, int]) -> list[tuple[int, ...]]:
    picture = pyvips.Image.new_from_buffer(webp, "")
    return [tuple(round(value) for value in picture(*place)) for place in places]


def near(one: tuple[int, ...], other: tuple[int, ...], distance: int = 12) -> bool:
    return len(one) == len(other) and all(abs(a - b) <= distance for a, b in zip(one, other, strict=True))


def corners() -> pyvips.Image:
    """Return a picture with red, green, blue and white corners."""

    def square(colour: tuple[int, int, int]) -> pyvips.Image:
        return black(300, 200).linear(1, colour).cast("uchar").copy(interpretation="srgb")

    top, bottom = (
        square(RED).join(square(GREEN), "horizontal"),
        square(BLUE).join(square(WHITE), "horizontal"),
    )
    return top.join(bottom, "vertical")


TURNS = {
    1: (RED, GREEN, BLUE, WHITE),
    2: (GREEN, RED, WHITE, BLUE),
    3: (WHITE, BLUE, GREEN, RED),
    4: (BLUE, WHITE, RED, GREEN),
    5: (RED, BLUE, GREEN, WHITE),
    6: (BLUE, RED, WHITE, GREEN),
    7: (WHITE, GREEN, BLUE, RED),
    8: (GREEN, WHITE, RED, BLUE),
}


@pytest.mark.parametrize(("orientation", "expected"), TURNS.items())
def test_every_orientation_ends_upright(orientation: int, expected: tuple[tuple[int, ...], ...]):
    lying = corners().copy()
    lying.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    drawn = render(jpeg(lying, Q=95))
    assert (drawn.width, drawn.height) == ((600, 400) if orientation < 5 else (400, 600))
    right, bottom = drawn.width - 20, drawn.height - 20
    shown = colours(drawn.files["large"], (20, 20), (right, 20), (20, bottom), (right, bottom))
    assert all(map(near, shown, expected)), shown


def test_each_variant_fits_its_box_and_nothing_is_enlarged():
    def sizes(content: bytes) -> list[tuple[int, int]]:
        pictures = [pyvips.Image.new_from_buffer(file, "") for file in render(content).files.values()]
        return [(picture.width, picture.height) for picture in pictures]

    assert sizes(jpeg(photo(4_000, 2_000))) == [(2048, 1024), (1024, 512), (400, 200)]
    assert sizes(jpeg(photo(600, 900))) == [(600, 900), (600, 900), (267, 400)]
    assert sizes(jpeg(photo(300, 200))) == [(300, 200)] * 3


@pytest.mark.parametrize("write", [png, webp])
def test_what_is_transparent_shows_white(write):
    drawn = render(write(transparent()))
    assert all(near(colour, WHITE) for file in drawn.files.values() for colour in colours(file, (20, 20)))


def test_a_wide_gamut_is_brought_into_ours():
    """The same red values in the wider colors of a phone are a stronger red in sRGB."""
    square = black(300, 300).linear(1, [200, 60, 60]).cast("uchar").copy(interpretation="srgb")
    wide = square.icc_export(output_profile="p3")
    asked, drawn = (
        colours(jpeg(wide, Q=95), (50, 50)),
        colours(render(jpeg(wide, Q=95)).files["large"], (50, 50)),
    )
    assert near(drawn[0], (200, 60, 60))
    assert not near(asked[0], drawn[0])


@pytest.mark.parametrize("profile", [None, "cmyk"])
def test_ink_becomes_light(profile: str | None):
    inked = corners().icc_export(output_profile="cmyk")
    drawn = render(jpeg(inked, Q=95, **({} if profile else {"keep": "none"})))
    [red, white] = colours(drawn.files["large"], (20, 20), (580, 380))
    assert (near(white, WHITE), near(red, RED, 60)) == (True, True), (red, white)


def test_a_grey_picture_stays_grey_and_gets_three_colours():
    grey = black(300, 300).extract_band(0).linear(1, 120).cast("uchar").copy(interpretation="b-w")
    assert near(colours(render(png(grey)).files["large"], (50, 50))[0], (120, 120, 120), 4)
    deep = (grey.cast("ushort") * 257).cast("ushort").copy(interpretation="grey16")
    assert near(colours(render(png(deep)).files["large"], (50, 50))[0], (120, 120, 120), 4)


@pytest.fixture
def our_own_time() -> Iterator[None]:
    """Restore the CPU limit: a child limits its own process, which is the test process here."""
    before = resource.getrlimit(resource.RLIMIT_CPU)
    yield
    resource.setrlimit(resource.RLIMIT_CPU, before)


@pytest.mark.usefixtures("our_own_time")
def test_a_child_answers_one_picture_after_the_other_until_nobody_asks():
    answers = io.BytesIO()
    serve(io.BytesIO(framed(jpeg()) + framed(b"no picture")), answers, 10)
    answers.seek(0)
    assert answers.read(len(READY)) == READY
    header = answers.read(*LENGTH.unpack(answers.read(LENGTH.size)))
    assert header.startswith(b'{"width": 1200, "height": 800, "files": {"large": ')
    assert answers.getvalue().endswith(
        b'{"code": "unsupported", "detail": "is not a JPEG, PNG or WebP picture"}'
    )


CONFINED = """
import socket, pyvips
svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
from imaging.child import confine
from imaging.rendering import lock_down
lock_down()
confine(1 << 30)
for attempt in (
    lambda: open("/etc/passwd"),
    socket.socket,
    lambda: pyvips.Image.new_from_buffer(svg, ""),
    lambda: pyvips.Image.new_from_buffer(b"P6 1 1 255 abc", ""),
):
    try:
        attempt()
    except (OSError, pyvips.Error) as error:
        print(type(error).__name__)
    else:
        print("done")
"""


def test_a_child_opens_nothing_and_knows_three_kinds_of_picture():
    done = subprocess.run([sys.executable, "-c", CONFINED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["OSError", "OSError", "Error", "Error"]


def test_a_picture_that_needs_more_memory_than_there_is_says_so(monkeypatch):
    def starved(*_, **__):
        raise pyvips.Error("unable to call thumbnail_buffer", "out of memory")

    monkeypatch.setattr("imaging.rendering.pyvips.Image.thumbnail_buffer", starved)
    with pytest.raises(PictureRefused) as refusal:
        render(jpeg())
    assert refusal.value.code == "image_too_large"
