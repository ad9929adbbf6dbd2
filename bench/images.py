"""The upload of a picture of twelve megapixels, compared with Pillow making the same three variants.

The upload is measured whole: sent over HTTP, decoded by a child process, stored and committed. Pillow only
decodes, shrinks and encodes, in this process; like the child, it makes each variant from the one before.
"""

import asyncio
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from secrets import token_hex
from tempfile import TemporaryDirectory

import psutil
import pyvips
from aiohttp import ClientSession, FormData
from PIL import Image, ImageOps
from pydantic import SecretStr

import migrations
from bench.admin import FORM, sign_in
from bench.harness import servers
from bench.harness.catalogue import stores
from bench.harness.load import BadAnswerError, Measured, summary
from bench.harness.report import BenchReport
from demo.pictures.drawing import SKETCHES
from demo.pictures.shapes import WIDTH, document
from domain.pictures import VARIANTS
from imaging.pool import opened_pool
from imaging.rendering import EFFORT, QUALITY
from schemas.settings import Settings
from stores.database import opened_database

SIDE = 4_000
"""Width in pixels; the height is three quarters of it, which gives twelve megapixels."""
UPLOAD, CHILD = "upload over HTTP, stored and committed", "one child of the pool, three variants"
PILLOW, PILLOW_FAST = "Pillow, its usual effort", f"Pillow, our effort of {EFFORT}"
USUAL_EFFORT = 4
LARGEST_CHILD_MB = 250


def run(uploads: int) -> BenchReport:
    picture = photograph()
    with stores() as kept, TemporaryDirectory(prefix="casabricks-bench-") as media:
        secret = SecretStr(token_hex(32))
        settings = kept.model_copy(update={"jwt_secret": secret, "media_url": f"file:{media}"})
        migrations.upgrade(settings.database_url)
        with servers.api(settings) as (url, server):
            rows, largest_mb = asyncio.run(_measure(settings, url, server, picture, uploads))
    p50 = {row.name: row.p50_ms for row in rows}
    ratios = {
        "pillow_over_upload_p50": p50[PILLOW] / p50[UPLOAD],
        "pillow_at_our_effort_over_upload_p50": p50[PILLOW_FAST] / p50[UPLOAD],
        "pillow_over_child_p50": p50[PILLOW] / p50[CHILD],
        "child_over_250_mb": largest_mb / LARGEST_CHILD_MB,
    }
    return BenchReport(uploads, rows, {name: round(ratio, 3) for name, ratio in ratios.items()})


def photograph() -> bytes:
    """Return a drawn house with camera-like noise, as a JPEG of some megabytes."""
    svg = document(SKETCHES[0].compose()).encode()
    drawn = pyvips.Image.svgload_buffer(svg, scale=SIDE / WIDTH).flatten(background=255)
    grain = pyvips.Image.gaussnoise(drawn.width, drawn.height, sigma=5, mean=0, seed=1)
    photo: bytes = (drawn + grain).cast("uchar").copy(interpretation="srgb").jpegsave_buffer(Q=90)
    return photo


async def _measure(
    settings: Settings, url: str, server: psutil.Process, picture: bytes, uploads: int
) -> tuple[list[Measured], float]:
    async with opened_database(settings) as engine:
        token = await sign_in(engine, settings)
    headers = {"authorization": f"Bearer {token}"}
    async with opened_pool(1) as pool, ClientSession(f"{url}/api/v1/admin/", headers=headers) as admin:
        home = await _answer(admin, "properties", json=FORM | {"title": "Bench", "price": 5_000_000})
        took: dict[str, list[float]] = {name: [] for name in (UPLOAD, CHILD, PILLOW, PILLOW_FAST)}
        for number in range(uploads + 2):
            with timed(took[UPLOAD]):
                image = await _upload(admin, home["id"], picture + bytes([number]))
            await admin.delete(f"images/{image['id']}")
            with timed(took[CHILD]):
                await pool.render(picture)
            for name, effort in ((PILLOW, USUAL_EFFORT), (PILLOW_FAST, EFFORT)):
                with timed(took[name]):
                    await asyncio.to_thread(partial(by_pillow, picture, effort))
        largest_mb = max(peak_mb(child) for child in server.children(recursive=True))
    warm = {name: each[2:] for name, each in took.items()}
    return [summary(name, each, sum(each)) for name, each in warm.items()], largest_mb


async def _upload(admin: ClientSession, home: str, content: bytes) -> dict[str, str]:
    form = FormData()
    form.add_field("file", io.BytesIO(content), filename="house.jpg", content_type="image/jpeg")
    return await _answer(admin, f"properties/{home}/images", data=form)


async def _answer(admin: ClientSession, path: str, **sent: object) -> dict[str, str]:
    async with admin.post(path, **sent) as response:  # type: ignore[arg-type]
        body: dict[str, str] = await response.json(content_type=None)
    if response.status != 201:
        raise BadAnswerError(f"{path}: {response.status} {body}")
    return body


@contextmanager
def timed(took: list[float]) -> Iterator[None]:
    began = time.perf_counter()
    yield
    took.append(time.perf_counter() - began)


def by_pillow(content: bytes, effort: int) -> list[bytes]:
    """Make the same variants with Pillow: upright, of the same quality, each from the one before."""
    picture: Image.Image = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    files = []
    for side in VARIANTS.values():
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        file = io.BytesIO()
        picture.save(file, "WEBP", quality=QUALITY, method=effort)
        files.append(file.getvalue())
    return files


def peak_mb(process: psutil.Process) -> float:
    """Return the peak memory in MB of a child that decodes pictures; 0 for other processes."""
    if "imaging.child" not in process.cmdline():
        return 0.0
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:  # noqa: PTH123
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1e3
