"""Helpers of tests and benchmarks: made-up clips, data sets, models, servers, damaged files.

A part of the repository, not of the package that users install.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
"""The repository."""
SHARED = ROOT.parent / "shared"
"""The folder of reference data beside the repository; it may be missing."""
PATIENCE = 240.0
"""Seconds after which a test gives up on what must come; nothing is measured, and a busy machine is
no failure."""


def importable(*folders: Path) -> dict[str, str]:
    """The environment for a Python that can import this package and what lies in the folders."""
    before = os.environ.get("PYTHONPATH")
    paths = [str(ROOT), *map(str, folders), *([before] if before else [])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
