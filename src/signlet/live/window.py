"""A window of OpenCV, or the reason why there can be none."""

from __future__ import annotations

import subprocess
import sys
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Action = Literal["quit", "pause", "mirror"]
_KEYS: dict[int, Action] = {27: "quit", ord("q"): "quit", ord(" "): "pause", ord("m"): "mirror"}
_TITLE = "signlet live"
_PROBE = "import PIL, cv2; cv2.namedWindow('signlet'); cv2.waitKey(1)"


class WindowProbe:
    """Finds out in another process whether windows can be opened.

    Without a display, or with a broken one, OpenCV's libraries do not raise but end the
    process; and its headless builds have no windows at all. The probe runs while models load.
    """

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def works(self, patience: float = 20.0) -> bool:
        """Return True if a window could be opened; waits for the answer."""
        try:
            return self._child.wait(patience) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            self.close()

    def close(self) -> None:
        """End the other process."""
        self._child.kill()
        self._child.wait()


class Window:
    """An open window; use as a context manager."""

    def __init__(self) -> None:
        self._sized = False

    def __enter__(self) -> Window:
        import cv2

        cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        return self

    def __exit__(self, *problem: object) -> None:
        import cv2

        cv2.destroyAllWindows()
        cv2.waitKey(1)

    def show(self, image: NDArray[np.uint8], wait: float = 0.0) -> Action | None:
        """Show a picture (height, width, 3) uint8 RGB and wait for a key.

        wait: seconds, at least one thousandth. Returns what a key asks for, None for no key;
        closing the window asks to quit.
        """
        import cv2

        if not self._sized:
            cv2.resizeWindow(_TITLE, image.shape[1], image.shape[0])
            self._sized = True
        cv2.imshow(_TITLE, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        key = cv2.waitKey(max(1, round(wait * 1000)))
        if cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) < 1:
            return "quit"
        return _KEYS.get(key & 0xFF) if key >= 0 else None
