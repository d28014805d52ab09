"""Many videos to landmarks: folders, sources, what is wrong with the recordings."""

from signlet.extract.many import Outcome, extract_many
from signlet.extract.source import ensure_extracted

__all__ = ["Outcome", "ensure_extracted", "extract_many"]
