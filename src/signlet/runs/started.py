"""The settings that a run was started with, and the refusal to go on with others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from signlet.errors import SignletError
from signlet.files.atomic import write_text
from signlet.files.same_settings import differing, flat
from signlet.files.settings_file import read_mapping
from signlet.runs.folder import RunFolder

INIT, INIT_DIGEST = "init", "init_sha256"
"""Entries of the settings where the weights were not random at first."""
SPLIT, SPLIT_NOTE = "split", "split_note"
"""Entries where a published split is held out: which one, and what its scores are of."""
CLIPS_DIGEST = "clips_sha256"
"""Entry that tells the clips of a run from others, see `signlet.pack.layout.fingerprint`."""
OF_THE_CLIPS = ("source", "clips", "signs", CLIPS_DIGEST)
"""Entries that are others where the clips are."""
OTHERS = "there are as many as before, but their files, signs or signers are others"
"""A change of clips, in words, where nothing closer is known."""
VERSION = "signlet"
"""Entry with the version that started the run; another one may go on with it."""


def start(run: RunFolder, settings: Mapping[str, Any]) -> None:
    """Make the folder with its settings, or check that the run there was started with them.

    settings: what YAML knows, nested; with a digest for what is too large to keep.
    Raises SignletError if another run is there; `refuse_used` has been asked before.
    """
    if not run.begun:
        text = yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True)
        write_text(run.settings, text)
        return
    was, now = _before(run), dict(flat(settings))
    if was.get(INIT_DIGEST) != now.get(INIT_DIGEST):
        raise SignletError(
            f"{run.path}: was started from {was.get(INIT, 'random weights')}, now it is "
            f"{now.get(INIT, 'random weights')} (--init); give the same again, or another --run"
        )
    if was.get(SPLIT, "") != now.get(SPLIT, ""):
        raise SignletError(
            f"{run.path}: was started with {_tested_on(was.get(SPLIT))}, now it is "
            f"{_tested_on(now.get(SPLIT))}; give the same again, or another --run"
        )
    _refuse(run, was, {name: x for name, x in now.items() if name not in (VERSION, INIT)})


def refuse_used(run: RunFolder, resume: bool) -> None:
    """Raise SignletError if the folder holds a run that is not to be resumed."""
    if run.begun and not resume:
        raise SignletError(
            f"{run.path}: contains a run already; add --resume to continue it with the same "
            f"clips and flags, or choose another --run{_from_its_weights(run)}"
        )


def refuse_other(run: RunFolder, now: Mapping[str, Any]) -> None:
    """Raise SignletError if the run to resume was started with other settings.

    now: nested; those that are known by now.
    """
    if run.begun:
        _refuse(run, _before(run), dict(flat(now)))


def changed_clips(run: RunFolder, change: str) -> SignletError:
    """The error for clips that are not those that a run was started with, and the two ways on.

    change: how they differ, in words.
    """
    return SignletError(
        f"{run.path}: the clips have changed since this run began: {change}; give the clips that "
        "it began with to continue it, or choose another --run for the new ones"
        f"{_from_its_weights(run)}"
    )


def _from_its_weights(run: RunFolder) -> str:
    """The way to use what a run has learned, if it has a model."""
    if not run.config.exists():
        return ""
    return f"; there, --init {run.path} starts from what this run has learned"


def _refuse(run: RunFolder, was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for name in differing(was, now, unknown_differs=False):
        if name == CLIPS_DIGEST:
            raise changed_clips(run, OTHERS)
        if name == "source":
            raise changed_clips(run, f"they came from {was[name]}, now from {now[name]}")
        if name in OF_THE_CLIPS:
            raise changed_clips(run, f"{was[name]} {name} then, {now[name]} now")
        raise SignletError(
            f"{run.path}: was started with {name} {was[name]}, now it is {now[name]}; "
            "give the same flags and data again, or another --run"
        )


def _before(run: RunFolder) -> dict[str, Any]:
    return dict(flat(read_mapping(run.settings, "choose another --run")))


def _tested_on(split: str | None) -> str:
    return f"--split {split}" if split else "no --split"
