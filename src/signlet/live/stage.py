"""States as pictures: in a window, and in a video file."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from signlet.live.panel import Panel
from signlet.live.record import Recorder
from signlet.live.session import LiveState
from signlet.live.view import Turned, picture
from signlet.live.window import Action

_UPDATE_SECONDS = 0.5
"""Seconds for which clock and frame rate stand still, so that they can be read."""
_PAUSED = 0.05
"""Seconds between two looks at the keys in a pause."""


class ShowsPictures(Protocol):
    """A `Window`, or what stands in for one."""

    def show(self, image: NDArray[np.uint8], wait: float = 0.0) -> Action | None:
        """See `Window.show`."""


@dataclass
class PanelUpdates:
    """Clock and frame rate, changed now and then. keys: what can be pressed, "" for nothing."""

    model: str
    source: str
    keys: str = ""
    _clock: float = 0.0
    _fps: float = 0.0
    _at: float = -np.inf

    def panel(self, state: LiveState) -> Panel:
        """Return the panel for a state."""
        clock = state.frame.time
        if abs(clock - self._at) >= _UPDATE_SECONDS:
            self._at = clock
            self._clock, self._fps = float(int(clock)), round(state.fps)
        return Panel(
            self.model,
            self.source,
            state.events,
            state.signing,
            self._clock,
            self._fps,
            note=state.note,
            keys=self.keys,
        )


@dataclass
class WindowStage:
    """Shows states in a window. paced: a recording is shown no faster than it was made."""

    window: ShowsPictures
    updates: PanelUpdates
    turned: Turned
    paced: bool = False
    _began: float | None = None

    def show(self, state: LiveState) -> bool:
        """Draw a state, stay while the user pauses; False if the user wants to end."""
        panel = self.updates.panel(state)
        action = self.window.show(picture(state.frame, panel, self.turned), self._wait(state))
        if action == "pause":
            return self._halt(state, replace(panel, halt="paused"))
        return self._goes_on(action)

    def finish(self, state: LiveState) -> None:
        """A recording stays until a key is pressed; a camera's window closes."""
        if self.paced:
            self._halt(state, replace(self.updates.panel(state), halt="the end"))

    def _goes_on(self, action: Action | None) -> bool:
        if action == "mirror":
            self.turned = replace(self.turned, view=not self.turned.view)
        return action != "quit"

    def _wait(self, state: LiveState) -> float:
        if not self.paced:
            return 0.0
        now = time.monotonic()
        if self._began is None:
            self._began = now - state.frame.time
        return max(0.0, self._began + state.frame.time - now)

    def _halt(self, state: LiveState, panel: Panel) -> bool:
        """Show a picture until space is pressed; False if the user wants to end."""
        self._began = None
        while True:
            action = self.window.show(picture(state.frame, panel, self.turned), _PAUSED)
            if action == "pause":
                return True
            if not self._goes_on(action):
                return False


@dataclass
class FileStage:
    """Writes states into a video."""

    recorder: Recorder
    updates: PanelUpdates
    turned: Turned = field(default_factory=Turned)

    def show(self, state: LiveState) -> bool:
        """Append a state."""
        self._add(state, state.frame.time)
        return True

    def finish(self, state: LiveState) -> None:
        """Show the last sign for a second."""
        self._add(state, state.frame.time + 1 / 25)
        self._add(state, state.frame.time + 1)

    def _add(self, state: LiveState, at: float) -> None:
        self.recorder.add(picture(state.frame, self.updates.panel(state), self.turned), at)
