"""Looking at data: the quality of a data set or of a clip, and pictures of a clip."""

from signlet.inspect.checks import Suspicion
from signlet.inspect.clip import ClipQuality, clip_quality
from signlet.inspect.draw import draw_animation, draw_strip
from signlet.inspect.quality import DataQuality, data_quality
from signlet.inspect.show import print_clip, print_quality, quality_json, write_quality

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
