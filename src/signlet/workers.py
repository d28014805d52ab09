"""Worker processes that outlive a call."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from joblib import delayed

Result = TypeVar("Result")


def delayed_here(work: Callable[..., Result]) -> Callable[..., Any]:
    """joblib's `delayed`, where relative paths mean what they mean to the caller.

    joblib uses its workers again, and they stay in the directory they were started in.
    """
    return delayed(_Here(work, Path.cwd()))


class _Here:
    def __init__(self, work: Callable[..., Any], folder: Path) -> None:
        self.work, self.folder = work, folder

    def __call__(self, *arguments: Any) -> Any:
        os.chdir(self.folder)
        return self.work(*arguments)
