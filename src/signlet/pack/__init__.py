"""Packed data sets: all clips preprocessed, in one memory-mapped file with an index."""

from __future__ import annotations

from signlet.pack.reader import PackedSet
from signlet.pack.writer import pack

__all__ = ["PackedSet", "pack"]
