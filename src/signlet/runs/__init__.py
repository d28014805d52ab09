"""Run folders: what lies where in them, and what finished trainings have left there."""

from signlet.runs.folder import MODELS, ModelKind, RunFolder

__all__ = ["MODELS", "ModelKind", "RunFolder"]
