"""Modules that lay elsewhere in earlier versions: their old names still import them, with a note.

>>> from signlet.evaluate import score  # is in signlet.evaluation.scores
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "signlet.datasets": "signlet.sources.datasets",
    "signlet.ensemble": "signlet.training.ensemble",
    "signlet.evaluate": "signlet.evaluation.scores",
    "signlet.folds": "signlet.evaluation.folds",
    "signlet.inspect": "signlet.quality",
    "signlet.predictions": "signlet.evaluation.predictions",
    "signlet.recognise": "signlet.recognition.recogniser",
    "signlet.span": "signlet.clip.span",
    "signlet.starter": "signlet.pretrained",
    "signlet.trackers": "signlet.training.trackers",
}
"""Old names of documented modules -> new names."""


def _now(name: str) -> str:
    """Return the new name of a moved module, or of one in a moved folder; "" for others."""
    for old, new in MOVED.items():
        if name == old or name.startswith(f"{old}."):
            return new + name.removeprefix(old)
    return ""


class _Moved(MetaPathFinder, Loader):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(name, self) if _now(name) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(now := _now(spec.name))
        self._spec = module.__spec__
        text = f"{spec.name} has moved to {now}; import it from there"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own description back, which the old name's has replaced."""
        module.__spec__ = self._spec


def find_moved() -> None:
    """From now on the old names can be imported. Nothing is imported yet."""
    if not any(isinstance(finder, _Moved) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Moved())  # a folder's modules would be found a second time
