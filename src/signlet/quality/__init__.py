"""Looking at data: the quality of a data set or of a clip, and pictures of a clip."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signlet.quality.checks import Suspicion
    from signlet.quality.clip import ClipQuality, clip_quality
    from signlet.quality.draw import draw_animation, draw_strip
    from signlet.quality.quality import DataQuality, data_quality
    from signlet.quality.show import print_clip, print_quality, quality_json, write_quality

__all__ = [
    "ClipQuality",
    "DataQuality",
    "Suspicion",
    "clip_quality",
    "data_quality",
    "draw_animation",
    "draw_strip",
    "print_clip",
    "print_quality",
    "quality_json",
    "write_quality",
]
_WHERE = {
    "Suspicion": "checks",
    "ClipQuality": "clip",
    "clip_quality": "clip",
    "draw_animation": "draw",
    "draw_strip": "draw",
    "DataQuality": "quality",
    "data_quality": "quality",
}


def __getattr__(name: str) -> Any:
    """A public name, when it is asked for: pictures need Matplotlib, `advice` does not."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"signlet.quality.{_WHERE.get(name, 'show')}"), name)
