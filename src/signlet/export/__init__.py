"""Trained models as one file for phone, browser and server, proven equal to torch."""

from signlet.export.bundle import Exported, export_ensemble
from signlet.export.check import BOUNDS, Check

__all__ = ["BOUNDS", "Check", "Exported", "export_ensemble"]
