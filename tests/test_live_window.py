"""What `signlet live` shows: its window, the picture in it, and the video that it writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from signlet.cli import main
from signlet.errors import ClipError, SignletError
from signlet.landmarks import LEFT_HAND, RIGHT_HAND
from signlet.live.inputs import Input, LiveFrame
from signlet.live.lines import Lines
from signlet.live.session import Session
from signlet.stream import SignEvent, StreamRecogniser
from signlet_testing.live_signer import (
    FPS,
    Judge,
    judged,
    saved,
    signer,
    signing,
    stream,
    without_display,
)

__all__ = ["judged", "without_display"]


class Screen:
    """Stands in for a window; presses a key at the numbers of pictures that are given."""

    def __init__(self, **keys: int | list[int]) -> None:
        self.keys = {n: k for k, at in keys.items() for n in np.atleast_1d(at).tolist()}
        self.pictures: list[np.ndarray] = []

    def show(self, image: np.ndarray, wait: float = 0.0) -> str | None:
        self.pictures.append(image)
        return self.keys.get(len(self.pictures))


def on_screen(screen: Screen, frames: np.ndarray, paced: bool = False) -> Session:
    stage = pytest.importorskip("signlet.live.stage")
    view = pytest.importorskip("signlet.live.view")
    seen = (LiveFrame(frame, i / FPS) for i, frame in enumerate(frames))
    session = Session(Input("camera 0", seen), StreamRecogniser(Judge()), Lines())
    updates = stage.PanelUpdates("judge", "camera 0")
    session.stages = (stage.WindowStage(screen, updates, view.Turned(), paced),)
    session.run()
    return session


def test_q_ends_it() -> None:
    screen = Screen(quit=5)
    assert on_screen(screen, stream(0.1)).frames == 5
    assert len(screen.pictures) == 5


def test_space_pauses_and_goes_on() -> None:
    screen = Screen(pause=[3, 6])
    assert on_screen(screen, stream(0.1)[:10]).frames == 10
    paused = screen.pictures[3:6]
    assert all((picture == paused[0]).all() for picture in paused)
    assert len(screen.pictures) == 10 + 3


def test_m_turns_the_picture_round_but_not_the_panel() -> None:
    screen = Screen(mirror=1)
    frames = np.repeat(signing(25, 0.1)[12:13], 3, 0)
    on_screen(screen, frames)
    before, after, _ = screen.pictures
    side = before.shape[0]
    assert (after[:, :side] == before[:, :side][:, ::-1]).all()
    assert not (before[:, :side] == before[:, :side][:, ::-1]).all()
    assert (after[:, side:] == before[:, side:]).all()


def test_a_recording_stays_at_its_end_until_a_key() -> None:
    screen = Screen(quit=8)
    on_screen(screen, np.repeat(signer(1), 5, 0), paced=True)
    assert len(screen.pictures) == 8


def test_the_picture_shows_hands_in_their_colours() -> None:
    view = pytest.importorskip("signlet.live.view")
    skeleton = pytest.importorskip("signlet.live.skeleton")
    panel = pytest.importorskip("signlet.live.panel").Panel("m", "s")
    right = signing(25, 0.1)[0]
    left = right.copy()
    left[LEFT_HAND], left[RIGHT_HAND] = right[RIGHT_HAND], np.nan

    def colours(frame: np.ndarray, mirrored: bool = False) -> list[int]:
        image = view.picture(LiveFrame(frame, 0.0), panel, view.Turned(camera=mirrored))[:, :720]
        wanted = (skeleton.LEFT, skeleton.RIGHT)
        return [int((image == np.array(colour)).all(2).sum()) for colour in wanted]

    assert colours(right)[0] == 0 < colours(right)[1]
    assert colours(left)[1] == 0 < colours(left)[0]
    assert colours(left, mirrored=True) == colours(left)[::-1]


def test_a_picture_keeps_its_shape_beside_the_panel() -> None:
    view = pytest.importorskip("signlet.live.view")
    panel = pytest.importorskip("signlet.live.panel").Panel("m", "s")
    for height, width in ((480, 640), (1080, 1920), (100, 800), (800, 100)):
        image = np.zeros((height, width, 3), np.uint8)
        shown = view.picture(LiveFrame(signer(1)[0], 0.0, image), panel, view.Turned())
        assert shown.shape[0] == view.HEIGHT
        drawn = shown.shape[1] - view.PANEL
        assert drawn <= view.MOST_WIDTH
        assert drawn == pytest.approx(min(view.HEIGHT * width / height, view.MOST_WIDTH), abs=1)


@settings(max_examples=15, deadline=None)
@given(
    frame=arrays(np.float32, (543, 3), elements=st.floats(width=32, allow_nan=True)),
    sign=st.text(max_size=30),
)
def test_whatever_was_found_can_be_drawn(frame: np.ndarray, sign: str) -> None:
    view = pytest.importorskip("signlet.live.view")
    panel = pytest.importorskip("signlet.live.panel").Panel
    event = SignEvent(sign, 0.0, 1.0, 0.5, ((sign, 0.5),))
    shown = view.picture(LiveFrame(frame, 0.0), panel("m", "s", (event,)), view.Turned())
    assert shown.dtype == np.uint8


def test_signs_in_other_scripts_are_drawn_or_told() -> None:
    fonts = pytest.importorskip("signlet.live.fonts")
    assert fonts.missing("") == ""
    assert "\U0010fffd" in fonts.missing("A\U0010fffd")
    assert fonts.missing("ABC abc 123") == ""


def test_what_was_seen_is_saved_as_a_video(
    judged: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    av = pytest.importorskip("av")
    file, out = saved(tmp_path / "stream.npz", stream(0.1)[:60]), tmp_path / "seen.mp4"
    assert main(["live", file, "--headless", "--save", str(out)]) == 0
    with av.open(str(out)) as container:
        times = [float(frame.time) for frame in container.decode(video=0)]
    assert len(times) == 62  # and the last sign for a second
    np.testing.assert_allclose(times[:60], np.arange(60) / FPS, atol=0.01)
    assert times[-1] == pytest.approx(59 / FPS + 1, abs=0.01)


def test_a_recording_that_fails_leaves_no_video(tmp_path: Path) -> None:
    pytest.importorskip("av")
    record = pytest.importorskip("signlet.live.record")
    out = tmp_path / "seen.mp4"

    def broken() -> None:
        with record.recording(out) as recorder:
            recorder.add(np.zeros((10, 11, 3), np.uint8), 0.0)
            raise ClipError("clip.mp4: cannot be decoded")

    with pytest.raises(ClipError):
        broken()
    with pytest.raises(SignletError, match="no picture"), record.recording(out):
        pass
    assert list(tmp_path.iterdir()) == []
