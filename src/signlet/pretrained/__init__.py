"""Models that come with signlet and are loaded by name: `signlet.load("fingerspelling")`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

STARTER = "fingerspelling"
"""The model that is taken where none is named: the letters A to Z."""
STARTER_SAYS = (
    f"no model was named, so signlet uses its starter model {STARTER}, which reads the "
    "letters A to Z"
)
_MODELS = Path(str(files("signlet") / "pretrained"))


def names() -> list[str]:
    """Names of the models in the package, in alphabetical order."""
    return sorted(path.stem for path in _MODELS.glob("*.onnx"))


def weights_path(name: str) -> Path | None:
    """The folder with the weights of a model that comes with signlet, to train on from."""
    return _MODELS / name if name in names() else None


def named(path: Path) -> str:
    """A model's file as users name it: one that comes with signlet by its name."""
    return path.stem if path.parent == _MODELS else str(path)


def model_path(model: str | Path) -> Path:
    """The file of a model that comes with signlet, or what was given as a path.

    model: a name is a str without suffix and folder; a folder of the same name is
    "./fingerspelling", or a Path.
    """
    if isinstance(model, str) and model in names():
        return _MODELS / f"{model}.onnx"
    return Path(model)
