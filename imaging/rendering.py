"""From the bytes of a stranger's picture to the three that we show; runs in a child process only."""

from concurrent.futures import ThreadPoolExecutor

import pyvips

from domain.pictures import VARIANTS, PictureRefused, check_frames, check_size, picture_type
from imaging.wire import Rendered

QUALITY = 80
EFFORT = 2
"""Of WebP's encoder, 0 to 6: nearly three times as fast as its usual 4 for a file 4 % larger."""
STRICT = "[fail_on=truncated]"
"""Half a picture is refused; a camera's small liberties are not."""
WHITE = 255
LOADERS = ("VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadWebp")


def lock_down() -> None:
    """Leave libvips three decoders and no memory of what it has done."""
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for loader in LOADERS:
        pyvips.operation_block_set(loader, False)
    pyvips.cache_set_max(0)


def render(content: bytes) -> Rendered:
    """Raises PictureRefused."""
    try:
        _check(content)
        return _drawn(content)
    except pyvips.Error as error:
        if "out of memory" in str(error):
            raise PictureRefused("image_too_large", "needs too much memory to be decoded") from None
        raise PictureRefused("unreadable", "is damaged") from None


def _check(content: bytes) -> None:
    """Refuse by the header, before a pixel is decoded."""
    picture_type(content)
    header = pyvips.Image.new_from_buffer(content, "", access="sequential")
    check_size(header.width, header.height)
    check_frames(content, header.get("n-pages") if header.get_typeof("n-pages") else 1)


def _drawn(content: bytes) -> Rendered:
    """Decode once, at the smallest scale that the decoder offers and the large variant needs."""
    box = VARIANTS["large"]
    # Strictness as an option of the decoder: `thumbnail_buffer` does not hand its own `fail_on` on.
    upright = pyvips.Image.thumbnail_buffer(content, box, height=box, size="down", option_string=STRICT)
    large = _plain(upright).copy_memory()
    with ThreadPoolExecutor(1) as beside:
        # The largest takes as long to encode as the others to shrink and encode.
        encoded = beside.submit(_encoded, large)
        smaller = _smaller(large)
        return Rendered(large.width, large.height, {"large": encoded.result()} | smaller)


def _smaller(picture: pyvips.Image) -> dict[str, bytes]:
    """Each variant from the next larger one."""
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
    """Red, green and blue of sRGB, eight bits each; what is transparent shows white, as paper would."""
    coloured = _in_srgb(picture)
    opaque = coloured.flatten(background=WHITE) if coloured.hasalpha() else coloured
    return opaque.cast("uchar")


def _in_srgb(picture: pyvips.Image) -> pyvips.Image:
    """By the picture's own profile; one that says nothing, or nonsense, of its colours has them already."""
    if picture.get_typeof("icc-profile-data"):
        try:
            return picture.icc_transform("srgb", embedded=True, depth=8)
        except pyvips.Error:
            picture = picture.copy()
            picture.remove("icc-profile-data")
    return picture.colourspace("srgb")
