"""Run folders: what is where in them, and what finished trainings have left there."""

from signlet.runs.folder import MODELS, ModelKind, RunFolder

__all__ = ["MODELS", "ModelKind", "RunFolder"]
