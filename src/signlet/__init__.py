"""signlet: small sign recognisers, from landmarks to phone.

>>> import signlet
>>> recogniser = signlet.load("fingerspelling")
>>> recogniser("clip.mp4").top(5)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from signlet.lazy import lazily
from signlet.moved import find_moved
from signlet.version import __version__ as __version__

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

    from signlet.clip import Clip
    from signlet.errors import ClipError, ClipWarning, SignletError
    from signlet.recognition.recogniser import Recognisable, Recogniser
    from signlet.training import Recipe
    from signlet.training.clips import Data
    from signlet.training.job import Trained

__all__ = ["Clip", "ClipError", "ClipWarning", "SignletError", "load", "teach", "train"]

find_moved()
# Imported when they are asked for: the command line answers to Ctrl-C before that.
__getattr__, __dir__ = lazily(
    __name__, {"clip": ["Clip"], "errors": ["ClipError", "ClipWarning", "SignletError"]}
)


def load(path: str | Path, threads: int = 0) -> Recogniser:
    """Load a trained model.

    path: an exported `.onnx` or `.tflite`, a run folder (which needs torch), or the name of a
        model that comes with signlet: "fingerspelling", the letters A to Z.
    threads: for one clip; 0 leaves it to the library that runs the model.
    Returns a `Recogniser`; call it with a clip, a path or raw landmarks (T, 543, 3).
    Raises SignletError if there is no usable model, or the library that runs it is not installed.
    """
    from signlet.recognition.recogniser import Recogniser

    return Recogniser.load(path, threads)


def teach(
    base: str | Path | Recogniser,
    clips: Sequence[Recognisable],
    signs: Sequence[str],
    *,
    signers: Sequence[str | None] | None = None,
    keep_signs: bool = False,
) -> Recogniser:
    """Teach new signs to a trained model, by a few examples of each; one will do.

    base: `.onnx`, `.tflite`, a run folder (which needs the extra `export`), the name of a model
        that comes with signlet, or one that is loaded.
    clips: N clips, paths or raw landmarks (T, 543, 3) with NaN for not found.
    signs: N names, the sign that each clip shows. signers: N names, None if unknown.
    keep_signs: the base model's own signs stay beside the taught ones.
    Returns a recogniser of the taught signs; `save` writes it to a file.
    Raises SignletError if the base gives no embedding, a clip shows no hand or cannot be
    read (naming it), or one clip is given for two signs. Notes are given as warnings.
    """
    from signlet.export.teachable import open_base
    from signlet.recognition.teaching import make
    from signlet.recognition.teaching.examples import given_clips

    given = given_clips(clips, signs, signers)
    return make.taught_to(open_base(base), given, keep_signs, make.Progress()).recogniser


def train(
    recipe: str | Path | Recipe,
    data: Data,
    run: str | Path,
    *,
    folds: Sequence[int] | Literal["all", "none"] | None = None,
    full_fit: bool = False,
    split: Literal["val", "test"] | None = None,
    init: str | Path | None = None,
    resume: bool = False,
    device: str = "auto",
    track: Sequence[str] = (),
) -> Trained:
    """Train a recogniser, as `signlet train` does; needs the extra `train`.

    recipe: one of signlet's by name ("small"), a YAML file, or a `Recipe`. Epochs and folds of a
        recipe by name or file are fitted to the clips; a `Recipe` is taken as it is.
    data: a folder, table or published set of clips, a packed set, or one of these opened.
    run: folder to write model, predictions, metrics and report to.
    folds: to hold out, in a training each; None to choose by the number of clips.
    full_fit: train on all clips too; the run's model is then this one.
    split: hold out this split of a published set instead of folds of signers.
    init: run folder whose weights to start from. resume: continue the training in `run`.
    device: "auto", "cpu", "cuda:1". track: of `signlet.training.trackers.TRACKERS`.
    Returns a `Trained`: the run folder, scores on the clips held out, notes. Nothing is printed.
    Raises SignletError if clips, recipe or folder cannot be used.
    """
    from signlet.quality.data_warnings import data_warnings, init_warnings
    from signlet.report import write_report
    from signlet.training import job, start_processes

    requested = job.Job.of(recipe, data, run, folds, full_fit, split, init, resume, track)
    processes = start_processes(device)
    ready = job.prepare(requested, processes)
    held_out = job.train_prepared(requested, ready, processes)
    if held_out and processes.main:
        write_report(requested.run, ready.packed)
    of_clips = [*data_warnings(ready.packed), *init_warnings(ready.init, ready.packed)]
    return job.Trained(requested.run, held_out, (*of_clips, *ready.plan.notes))
