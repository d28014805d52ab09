"""Trained models as one file for phone, browser and server, proven equal to torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signlet.export.bundle import Exported, export_ensemble
    from signlet.export.check import BOUNDS, Check

__all__ = ["BOUNDS", "Check", "Exported", "export_ensemble"]


def __getattr__(name: str) -> Any:
    """A public name, when it is asked for: it needs torch, and `teachable` mostly does not."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    where = "check" if name in ("BOUNDS", "Check") else "bundle"
    return getattr(import_module(f"signlet.export.{where}"), name)
