"""Moments as pictures: in a window, and in a video file."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from signlet.live.panel import Panel
from signlet.live.record import Recorder
from signlet.live.session import Moment
from signlet.live.view import Turned, picture
from signlet.live.window import Action

_FIGURES = 0.5
"""Seconds for which clock and frame rate stand still, so that they can be read."""
_PAUSED = 0.05
"""Seconds between two looks at the keys in a pause."""


class ShowsPictures(Protocol):
    """A `Window`, or what stands in for one."""

    def show(self, image: NDArray[np.uint8], wait: float = 0.0) -> Action | None:
        """See `Window.show`."""


@dataclass
class Figures:
    """Clock and frame rate, changed now and then. keys: what can be pressed, "" for nothing."""

    model: str
    source: str
    keys: str = ""
    _clock: float = 0.0
    _fps: float = 0.0
    _at: float = -np.inf

    def panel(self, moment: Moment) -> Panel:
        """What the panel says of a moment."""
        clock = moment.seen.time
        if abs(clock - self._at) >= _FIGURES:
            self._at = clock
            self._clock, self._fps = float(int(clock)), round(moment.fps)
        return Panel(
            self.model,
            self.source,
            moment.events,
            moment.signing,
            self._clock,
            self._fps,
            note=moment.note,
            keys=self.keys,
        )


@dataclass
class WindowStage:
    """Shows moments in a window. paced: a recording is shown no faster than it was made."""

    window: ShowsPictures
    figures: Figures
    turned: Turned
    paced: bool = False
    _began: float | None = None

    def show(self, moment: Moment) -> bool:
        """Draw a moment, stay while the user pauses; False where the user wants to end."""
        panel = self.figures.panel(moment)
        action = self.window.show(picture(moment.seen, panel, self.turned), self._wait(moment))
        if action == "pause":
            return self._halt(moment, replace(panel, halt="paused"))
        return self._goes_on(action)

    def finish(self, moment: Moment) -> None:
        """A recording stays until a key is pressed; a camera's window closes."""
        if self.paced:
            self._halt(moment, replace(self.figures.panel(moment), halt="the end"))

    def _goes_on(self, action: Action | None) -> bool:
        if action == "mirror":
            self.turned = replace(self.turned, view=not self.turned.view)
        return action != "quit"

    def _wait(self, moment: Moment) -> float:
        if not self.paced:
            return 0.0
        now = time.monotonic()
        if self._began is None:
            self._began = now - moment.seen.time
        return max(0.0, self._began + moment.seen.time - now)

    def _halt(self, moment: Moment, panel: Panel) -> bool:
        """Show a picture until space is pressed; False where the user wants to end."""
        self._began = None
        while True:
            action = self.window.show(picture(moment.seen, panel, self.turned), _PAUSED)
            if action == "pause":
                return True
            if not self._goes_on(action):
                return False


@dataclass
class FileStage:
    """Writes moments into a video."""

    recorder: Recorder
    figures: Figures
    turned: Turned = field(default_factory=Turned)

    def show(self, moment: Moment) -> bool:
        """Append a moment."""
        self._add(moment, moment.seen.time)
        return True

    def finish(self, moment: Moment) -> None:
        """Show the last sign for a second."""
        self._add(moment, moment.seen.time + 1 / 25)
        self._add(moment, moment.seen.time + 1)

    def _add(self, moment: Moment, at: float) -> None:
        self.recorder.add(picture(moment.seen, self.figures.panel(moment), self.turned), at)
