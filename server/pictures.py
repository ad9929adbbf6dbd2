"""URLs of pictures in answers: absolute if a setting gives their base, for pages of other origins."""

from typing import Any

from schemas.settings import Settings

HERE = "/media/"
"""Path under which this API serves pictures; pictures kept elsewhere already have absolute URLs."""
FIELDS = frozenset({"image", "url", "medium_url", "thumbnail_url", "enhanced_url"})


def with_picture_urls(answer: Any, settings: Settings) -> Any:
    """Make the URLs of the answer's pictures absolute; no-op without `MEDIA_PUBLIC_URL`."""
    base = settings.media_public_url.rstrip("/")
    return _addressed(answer, f"{base}/") if base else answer


def _addressed(part: Any, base: str) -> Any:
    if isinstance(part, dict):
        return {
            name: base + value.removeprefix(HERE)
            if name in FIELDS and isinstance(value, str) and value.startswith(HERE)
            else _addressed(value, base)
            for name, value in part.items()
        }
    if isinstance(part, list):
        return [_addressed(each, base) for each in part]
    return part
