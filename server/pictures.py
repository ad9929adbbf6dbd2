"""Addresses of pictures in answers, for pages of other origins: whole ones, where a setting says where."""

from typing import Any

from schemas.settings import Settings

HERE = "/media/"
"""Where this API itself serves pictures; what is kept elsewhere has a whole address already."""
FIELDS = frozenset({"image", "url", "medium_url", "thumbnail_url", "enhanced_url"})


def addressed(answer: Any, settings: Settings) -> Any:
    """An answer whose pictures are found from anywhere; as it is without `MEDIA_PUBLIC_URL`."""
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
