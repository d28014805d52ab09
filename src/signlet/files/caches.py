"""The system's folder for a user's caches."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def user_caches() -> Path:
    """The folder for caches of all programs; it need not exist."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
