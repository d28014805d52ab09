"""Hints after Ctrl-C or another signal: for each command, what is kept and how to go on."""

from __future__ import annotations

_GOES_ON = "the same command continues"
_AGAIN = "give the same command again"
_TRAINED = "packed clips and checkpoints are kept"
KEPT = {
    "demo": f"{_TRAINED}, {_GOES_ON}",
    "extract": f"finished videos are kept, {_GOES_ON}",
    "models": f"nothing was written, {_AGAIN}",
    "inspect": f"nothing was changed, {_AGAIN}",
    "convert": f"written clips are kept, {_GOES_ON}",
    "pack": f"packed clips are kept, {_GOES_ON}",
    "train": f"{_TRAINED}, the same command with --resume continues",
    "evaluate": f"nothing was changed, {_AGAIN}",
    "ensemble": f"nothing was written, {_AGAIN}",
    "calibrate": f"finished trainings are kept, {_GOES_ON}",
    "tune": f"finished trials are kept, {_GOES_ON}",
    "export": f"nothing was written, {_AGAIN}",
    "teach": f"nothing was written, {_AGAIN}",
    "recognise": f"nothing was changed, {_AGAIN}",
    "live": "",
    "page": f"the folder is as it was, {_AGAIN}",
    "serve": "",
}
"""Of each command, wherever in it the signal came, so that it always says the same."""
