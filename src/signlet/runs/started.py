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
            f"{run.path}: contains a run already; add --resume to continue it, or choose "
            "another --run"
        )


def refuse_other(run: RunFolder, now: Mapping[str, Any]) -> None:
    """Raise SignletError if the run to resume was started with other settings.

    now: nested; those that are known by now.
    """
    if run.begun:
        _refuse(run, _before(run), dict(flat(now)))


def _refuse(run: RunFolder, was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for name in differing(was, now, unknown_differs=False):
        raise SignletError(
            f"{run.path}: was started with {name} {was[name]}, now it is {now[name]}; "
            "give the same flags and data again, or another --run"
        )


def _before(run: RunFolder) -> dict[str, Any]:
    return dict(flat(read_mapping(run.settings, "choose another --run")))


def _tested_on(split: str | None) -> str:
    return f"--split {split}" if split else "no --split"
