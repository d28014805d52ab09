"""Files that claim more than they hold."""

from __future__ import annotations

import io
import sys
import zipfile

import numpy as np
import pytest

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs what only Linux has")
FRAMES = np.random.default_rng(0).random((3, 543, 3)).astype(np.float32)


def packed(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()
