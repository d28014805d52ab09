"""Looking at data: the quality of a data set or of a clip, and pictures of a clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signlet.lazy import lazily

if TYPE_CHECKING:
    from signlet.quality.checks import Suspicion
    from signlet.quality.clip import ClipQuality, clip_quality
    from signlet.quality.draw import draw_animation, draw_strip
    from signlet.quality.quality import DataQuality, data_quality
    from signlet.quality.show import print_clip, print_quality
    from signlet.quality.words import quality_json, write_quality

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
# Imported when they are asked for: pictures need Matplotlib, `data_warnings` does not.
__getattr__, __dir__ = lazily(
    __name__,
    {
        "checks": ["Suspicion"],
        "clip": ["ClipQuality", "clip_quality"],
        "draw": ["draw_animation", "draw_strip"],
        "quality": ["DataQuality", "data_quality"],
        "show": ["print_clip", "print_quality"],
        "words": ["quality_json", "write_quality"],
    },
)
