"""Pictures as users and attackers send them, generated here, with a table of the expected results."""

import io
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from zipfile import ZipFile

import pyvips
from PIL import Image, ImageCms, PngImagePlugin

CANARY = b"CANARY-28.5355N-77.3910E"
"""Text put in every place of a file that can hold metadata; no output may contain it."""
EXIF = bytes.fromhex("457869660000")


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[], bytes]
    size: tuple[int, int] | None = None
    """Size of the large variant, if the picture is accepted."""
    code: str | None = None
    """Error code, if the picture is refused."""


def photo(width: int = 1_200, height: int = 800, bands: int = 3) -> pyvips.Image:
    """Return a colorful test picture: red at the top left, blue at the bottom right."""
    across, down = pyvips.Image.xyz(width, height).bandsplit()
    red, blue = (across * -255 / width + 255), (down * 255 / height)
    return (
        red.bandjoin([(across + down) % 256, blue][: bands - 1])
        .cast("uchar")
        .copy(interpretation="srgb" if bands > 2 else "b-w")
    )


def jpeg(picture: pyvips.Image | None = None, **options: Any) -> bytes:
    return (picture or photo()).jpegsave_buffer(**options)


def png(picture: pyvips.Image | None = None, **options: Any) -> bytes:
    return (picture or photo()).pngsave_buffer(**{"compression": 1} | options)


def webp(picture: pyvips.Image | None = None, **options: Any) -> bytes:
    return (picture or photo(600, 400)).webpsave_buffer(**{"effort": 0} | options)


def pillow(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def plain(mode: str = "RGB", size: tuple[int, int] = (600, 400), colour: Any = 0) -> Image.Image:
    return Image.new(mode, size, colour)


def moving(kind: str, count: int) -> bytes:
    first, *others = (
        plain(size=(200, 200), colour=(90 * number % 256, number % 256, 0)) for number in range(count)
    )
    return pillow(first, kind, save_all=True, append_images=others, duration=40)


def segment(marker: int, content: bytes) -> bytes:
    """Return a JPEG segment."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def chunk(name: bytes, content: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """Insert chunks after the header, which is always 33 bytes long."""
    return png[:33] + b"".join(chunks) + png[33:]


def empty_png(width: int, height: int, depth: int = 8, kind: int = 2) -> bytes:
    """Return a PNG whose header states a size, but without pixel data."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@cache
def interlaced_png(width: int, height: int) -> bytes:
    """Return an interlaced PNG of zeros, 8 bytes a pixel; a decoder must hold it as a whole."""
    header = struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 1)
    starts = (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    )
    packer, packed = zlib.compressobj(1), []
    for left, top, right, down in starts:
        line = bytes(1 + 8 * len(range(left, width, right)))
        packed += [packer.compress(line) for _ in range(top, height, down)]
    pixels = b"".join(packed) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def riff(kind: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    body = kind + b"".join(
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def geotagged(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = CANARY.decode()  # description
    exif[0x8825] = {1: "N", 2: (28.0, 32.0, 7.8), 3: "E", 4: (77.0, 23.0, 27.6), 29: CANARY.decode()}
    return exif


def turned(orientation: int) -> bytes:
    return pillow(plain(size=(800, 400)), "JPEG", exif=geotagged(orientation))


def talkative_jpeg() -> bytes:
    """Return a JPEG with text in every segment that allows it, an EXIF thumbnail, and text after its end."""
    inside = pillow(plain(size=(160, 120)), "JPEG", comment=CANARY)
    said = [
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + CANARY + b"</x:xmpmeta>"),
        segment(0xE1, EXIF + geotagged().tobytes().removeprefix(EXIF) + inside),
        segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0" + CANARY),
        *(segment(marker, CANARY) for marker in range(0xE3, 0xED)),
        segment(0xFE, CANARY),
    ]
    return with_segments(jpeg(), *said) + CANARY


def talkative_png() -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", CANARY.decode())
    text.add_text("Author", CANARY.decode(), zip=True)
    text.add_itxt("XML:com.adobe.xmp", CANARY.decode())
    told = pillow(plain(), "PNG", pnginfo=text, exif=geotagged())
    return with_chunks(told, chunk(b"prVt", CANARY)) + CANARY


def talkative_webp() -> bytes:
    return pillow(plain(), "WEBP", exif=geotagged(), xmp=b"<x>" + CANARY + b"</x>") + CANARY


def archived() -> bytes:
    """Return a picture that is also a valid ZIP archive."""
    file = io.BytesIO(jpeg())
    file.seek(0, io.SEEK_END)
    with ZipFile(file, "a") as archive:
        archive.writestr("Evil.class", CANARY)
    return file.getvalue()


def profiled(profile: bytes) -> bytes:
    return pillow(plain(colour=(200, 30, 30)), "JPEG", icc_profile=profile)


def named_profile() -> bytes:
    """Return a valid ICC profile with the canary in its description."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    said = "sRGB built-in"
    word = CANARY.decode()[: len(said)]
    assert said.encode("utf-16-be") in profile
    return profile.replace(said.encode("utf-16-be"), word.encode("utf-16-be"))


def text_bomb() -> bytes:
    """Return a PNG of about 100 kB with text chunks that decompress to 100 MB each."""
    swollen = zlib.compress(b"\0" * 100_000_000, 9)
    return with_chunks(
        png(photo(600, 400)),
        chunk(b"zTXt", b"Comment\0\0" + swollen),
        chunk(b"iCCP", b"bomb\0\0" + swollen),
    )


def chatter(count: int) -> bytes:
    return with_chunks(png(photo(600, 400)), *[chunk(b"tEXt", b"k\0" + CANARY)] * count)


def scans(count: int) -> bytes:
    """Return a progressive JPEG whose last scan repeats `count` times, each time over all pixels."""
    whole = jpeg(photo(2_000, 2_000), interlace=True, Q=10)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * count + b"\xff\xd9"


def flipped(content: bytes, place: float) -> bytes:
    """Return the content with 64 of its bytes inverted."""
    at = int(len(content) * place)
    return content[:at] + bytes(byte ^ 0xFF for byte in content[at : at + 64]) + content[at + 64 :]


def promising_jpeg(side: int) -> bytes:
    """Return a JPEG whose header states larger dimensions than its data holds."""
    small = jpeg(photo(600, 400))
    at = small.index(b"\xff\xc0") + 5
    return small[:at] + struct.pack(">HH", side, side) + small[at + 4 :]


def black(width: int, height: int, bands: int = 3, kind: str = "uchar") -> pyvips.Image:
    meaning = {"uchar": "srgb", "ushort": "rgb16"}[kind]
    return pyvips.Image.black(width, height, bands=bands).cast(kind).copy(interpretation=meaning)


def cmyk(*, profile: bool) -> bytes:
    picture = photo().icc_export(output_profile="cmyk")
    return jpeg(picture) if profile else jpeg(picture, keep="none")


def transparent() -> pyvips.Image:
    return photo(600, 400).bandjoin(pyvips.Image.black(600, 400))


UNSUPPORTED, TOO_LARGE, TOO_SMALL = "unsupported", "image_too_large", "image_too_small"
UNREADABLE, ANIMATED = "unreadable", "animated"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900"><script>1</script></svg>'

TAKEN = (
    Case("an ordinary JPEG", jpeg, (1200, 800)),
    Case("an ordinary PNG", png, (1200, 800)),
    Case("an ordinary WebP", webp, (600, 400)),
    Case("a lossless WebP", lambda: webp(lossless=True), (600, 400)),
    Case("a progressive JPEG", lambda: jpeg(interlace=True), (1200, 800)),
    Case("an interlaced PNG", lambda: png(interlace=True), (1200, 800)),
    Case("a large JPEG, shown smaller", lambda: jpeg(photo(4000, 3000)), (2048, 1536)),
    Case("a CMYK JPEG with its profile", lambda: cmyk(profile=True), (1200, 800)),
    Case("a CMYK JPEG without one", lambda: cmyk(profile=False), (1200, 800)),
    Case("a grey JPEG", lambda: jpeg(photo(bands=1)), (1200, 800)),
    Case("a grey PNG of sixteen bits with alpha", lambda: png(photo(bands=2).cast("ushort")), (1200, 800)),
    Case(
        "a PNG of sixteen bits",
        lambda: png((photo() * 257).cast("ushort").copy(interpretation="rgb16")),
        (1200, 800),
    ),
    Case("a black and white PNG", lambda: pillow(plain("1"), "PNG"), (600, 400)),
    Case("a PNG with a palette and holes", lambda: pillow(plain("P"), "PNG", transparency=0), (600, 400)),
    Case("a transparent PNG", lambda: png(transparent()), (600, 400)),
    Case("a transparent WebP", lambda: webp(transparent()), (600, 400)),
    Case("a JPEG that lies on its side", lambda: turned(6), (400, 800)),
    Case("a JPEG with an orientation that there is not", lambda: turned(99), (800, 400)),
    Case("a JPEG with words in every segment", talkative_jpeg, (1200, 800)),
    Case("a PNG with words in every chunk", talkative_png, (600, 400)),
    Case("a WebP with EXIF and XMP", talkative_webp, (600, 400)),
    Case("a JPEG with a profile of its own", lambda: profiled(named_profile()), (600, 400)),
    Case("a JPEG with a profile that is none", lambda: profiled(CANARY * 20), (600, 400)),
    Case("a JPEG that is a ZIP as well", archived, (1200, 800)),
    Case(
        "a JPEG with PHP in its comment",
        lambda: with_segments(jpeg(), segment(0xFE, b"<?php /*" + CANARY + b"*/ ?>")),
        (1200, 800),
    ),
    Case("a JPEG with HTML behind its end", lambda: jpeg() + b"<script>" + CANARY, (1200, 800)),
    Case(
        "two JPEGs in one, as some telephones do",
        lambda: pillow(plain(), "MPO", save_all=True, append_images=[plain()]),
        (600, 400),
    ),
    Case("a PNG of fifty thousand comments", lambda: chatter(50_000), (600, 400)),
    Case("a JPEG that promises more than it has", lambda: promising_jpeg(3_000), (2048, 2048)),
    Case("words that swell to a hundred megabytes", text_bomb, (600, 400)),
    Case("a JPEG with wrong bytes", lambda: flipped(jpeg(), 0.5), (1200, 800)),
    Case("the longest side and the shortest", lambda: png(black(12_000, 200)), (2048, 34)),
    Case("the smallest", lambda: jpeg(photo(200, 200)), (200, 200)),
    Case("forty megapixels of PNG", lambda: png(black(8_000, 5_000)), (2048, 1280)),
    Case("forty megapixels of WebP", lambda: webp(black(8_000, 5_000)), (2048, 1280)),
    Case(
        "forty megapixels of progressive JPEG",
        lambda: jpeg(black(8_000, 5_000), interlace=True),
        (2048, 1280),
    ),
)
REFUSED = (
    Case("nothing", lambda: b"", code=UNSUPPORTED),
    Case("one byte", lambda: b"\xff", code=UNSUPPORTED),
    Case("an SVG", lambda: SVG, code=UNSUPPORTED),
    Case("an SVG that says it is XML", lambda: b"<?xml version='1.0'?>" + SVG, code=UNSUPPORTED),
    Case("a PDF", lambda: b"%PDF-1.7\n1 0 obj <<>> endobj", code=UNSUPPORTED),
    Case("a page", lambda: b"<!doctype html><script>alert(1)</script>", code=UNSUPPORTED),
    Case("a page with a picture in it", lambda: b"<html>" + jpeg(), code=UNSUPPORTED),
    Case("a GIF", lambda: moving("GIF", 3), code=UNSUPPORTED),
    Case("a BMP", lambda: pillow(plain(), "BMP"), code=UNSUPPORTED),
    Case("a TIFF", lambda: pillow(plain(), "TIFF"), code=UNSUPPORTED),
    Case("an AVIF", lambda: pillow(plain(), "AVIF"), code=UNSUPPORTED),
    Case("an archive", lambda: b"PK\x03\x04" + jpeg(), code=UNSUPPORTED),
    Case("a sound in WebP's container", lambda: riff(b"WAVE", (b"fmt ", b"\0" * 16)), code=UNSUPPORTED),
    Case("a page that begins like a JPEG", lambda: b"\xff\xd8\xff" + b"<html>" * 99, code=UNREADABLE),
    Case("a JPEG that begins like a PNG", lambda: b"\x89PNG\r\n\x1a\n" + jpeg(), code=UNREADABLE),
    Case("a PNG that begins like a WebP", lambda: b"RIFF\0\0\0\0WEBP" + png(), code=UNREADABLE),
    Case("half a JPEG", lambda: (whole := jpeg())[: len(whole) // 2], code=UNREADABLE),
    Case("half a PNG", lambda: (whole := png())[: len(whole) // 2], code=UNREADABLE),
    Case("half a WebP", lambda: (whole := webp())[: len(whole) // 2], code=UNREADABLE),
    Case("the header of a JPEG", lambda: jpeg()[:300], code=UNREADABLE),
    Case("a PNG with wrong bytes", lambda: flipped(png(), 0.5), code=UNREADABLE),
    Case("a WebP with wrong bytes", lambda: flipped(webp(lossless=True), 0.1), code=UNREADABLE),
    Case("a PNG of a kind that there is not", lambda: empty_png(600, 400, depth=7), code=UNREADABLE),
    Case("a PNG without pixels", lambda: empty_png(600, 400), code=UNREADABLE),
    Case("a moving PNG", lambda: moving("PNG", 3), code=ANIMATED),
    Case("a moving WebP", lambda: moving("WEBP", 3), code=ANIMATED),
    Case("a WebP of a hundred frames", lambda: moving("WEBP", 100), code=ANIMATED),
    Case("one pixel", lambda: png(black(1, 1)), code=TOO_SMALL),
    Case("a side too short", lambda: jpeg(photo(500, 199)), code=TOO_SMALL),
    Case("a line of thirty thousand", lambda: png(black(30_000, 1)), code=TOO_LARGE),
    Case("a side too long", lambda: png(black(12_001, 200)), code=TOO_LARGE),
    Case("forty-one megapixels", lambda: png(black(8_200, 5_000)), code=TOO_LARGE),
    Case("a PNG that promises a million megapixels", lambda: empty_png(1_000_000, 1_000_000), code=TOO_LARGE),
    Case("a PNG that promises more than a PNG may", lambda: empty_png(2**31 - 1, 2**31 - 1), code=UNREADABLE),
    Case("a JPEG that promises four thousand megapixels", lambda: promising_jpeg(65_000), code=TOO_LARGE),
    Case("one scan a thousand times", lambda: scans(1_000), code=UNREADABLE),
)


def names(cases: Iterable[Case]) -> list[str]:
    return [case.name for case in cases]
