"""Hints after Ctrl-C or another signal: for each command, what is kept and how to go on."""

from __future__ import annotations

_GOES_ON = "the same command goes on"
_AGAIN = "give the same command again"
_TRAINED = "packed clips and checkpoints are kept"
KEPT = {
    "demo": f"{_TRAINED}, {_GOES_ON}",
    "extract": f"videos that are finished are kept, {_GOES_ON}",
    "models": f"nothing was written, {_AGAIN}",
    "inspect": f"nothing was changed, {_AGAIN}",
    "convert": f"clips that are written stay, {_GOES_ON}",
    "pack": f"clips that are packed are kept, {_GOES_ON}",
    "train": f"{_TRAINED}, the same command with --resume goes on",
    "evaluate": f"nothing was changed, {_AGAIN}",
    "ensemble": f"nothing was written, {_AGAIN}",
    "calibrate": f"trainings that are finished are kept, {_GOES_ON}",
    "tune": f"trials that are finished are kept, {_GOES_ON}",
    "export": f"nothing was written, {_AGAIN}",
    "teach": f"nothing was written, {_AGAIN}",
    "recognise": f"nothing was changed, {_AGAIN}",
    "live": "",
    "page": f"the folder is as it was, {_AGAIN}",
    "serve": "",
}
"""Of each command, wherever in it the signal came, so that it always says the same."""
