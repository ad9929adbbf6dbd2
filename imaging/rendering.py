"""Turns the bytes of an untrusted picture into the variants that are shown; runs only in child processes."""

from concurrent.futures import ThreadPoolExecutor

import pyvips

from domain.pictures import VARIANTS, PictureRefused, check_frames, check_size, picture_type
from imaging.wire import Rendered

QUALITY = 80
EFFORT = 2
"""Of the WebP encoder, 0 to 6: nearly three times as fast as the default 4, for a file 4 % larger."""
STRICT = "[fail_on=truncated]"
"""Truncated pictures are refused; small deviations from the format are accepted."""
WHITE = 255
LOADERS = ("VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadWebp")


def lock_down() -> None:
    """Allow libvips only three decoders, and switch off its cache of operations."""
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for loader in LOADERS:
        pyvips.operation_block_set(loader, False)
    pyvips.cache_set_max(0)


def render(content: bytes) -> Rendered:
    """Check a picture and draw its variants. Raises PictureRefused."""
    try:
        _check(content)
        return _drawn(content)
    except pyvips.Error as error:
        if "out of memory" in str(error):
            raise PictureRefused("image_too_large", "needs too much memory to be decoded") from None
        raise PictureRefused("unreadable", "is damaged") from None


def _check(content: bytes) -> None:
    """Check type, size and frames from the header, before any pixel is decoded."""
    picture_type(content)
    header = pyvips.Image.new_from_buffer(content, "", access="sequential")
    check_size(header.width, header.height)
    check_frames(content, header.get("n-pages") if header.get_typeof("n-pages") else 1)


def _drawn(content: bytes) -> Rendered:
    """Decode once, at the smallest scale of the decoder that suffices for the large variant."""
    box = VARIANTS["large"]
    # Strictness is set in the decoder's options, because `thumbnail_buffer` does not pass on its `fail_on`.
    upright = pyvips.Image.thumbnail_buffer(content, box, height=box, size="down", option_string=STRICT)
    large = _plain(upright).copy_memory()
    with ThreadPoolExecutor(1) as beside:
        # Encoding the largest takes as long as shrinking and encoding the others, so both run at once.
        encoded = beside.submit(_encoded, large)
        smaller = _smaller(large)
        return Rendered(large.width, large.height, {"large": encoded.result()} | smaller)


def _smaller(picture: pyvips.Image) -> dict[str, bytes]:
    """Make each smaller variant from the next larger one."""
    files = {}
    for variant, side in VARIANTS.items():
        if variant != "large":
            picture = picture.thumbnail_image(side, height=side, size="down")
            files[variant] = _encoded(picture)
    return files


def _encoded(picture: pyvips.Image) -> bytes:
    file: bytes = picture.webpsave_buffer(Q=QUALITY, effort=EFFORT, keep="none")
    return file


def _plain(picture: pyvips.Image) -> pyvips.Image:
    """Convert to sRGB with eight bits per channel; transparent areas become white."""
    coloured = _in_srgb(picture)
    opaque = coloured.flatten(background=WHITE) if coloured.hasalpha() else coloured
    return opaque.cast("uchar")


def _in_srgb(picture: pyvips.Image) -> pyvips.Image:
    """Convert with the embedded color profile; a missing or invalid profile is ignored."""
    if picture.get_typeof("icc-profile-data"):
        try:
            return picture.icc_transform("srgb", embedded=True, depth=8)
        except pyvips.Error:
            picture = picture.copy()
            picture.remove("icc-profile-data")
    return picture.colourspace("srgb")
