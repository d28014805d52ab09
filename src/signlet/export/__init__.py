"""Trained models as one file for phone, browser and server, proven equal to torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signlet.lazy import lazily

if TYPE_CHECKING:
    from signlet.export.bundle import Exported, export_ensemble
    from signlet.export.check import BOUNDS, Check

__all__ = ["BOUNDS", "Check", "Exported", "export_ensemble"]

# Imported when they are asked for: they need torch, and `teachable` mostly does not.
__getattr__, __dir__ = lazily(
    __name__, {"bundle": ["Exported", "export_ensemble"], "check": ["BOUNDS", "Check"]}
)
