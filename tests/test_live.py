"""`signlet live`: a stream of landmarks to lines and pictures, without MediaPipe or a camera."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from signlet.cli import main
from signlet.errors import ClipError, SignletError
from signlet.landmarks import LEFT_HAND, MIRROR, RIGHT_HAND
from signlet.live.inputs import Input, LiveFrame, live_frames, open_input
from signlet.live.latest import Latest
from signlet.live.lines import Lines, as_json, as_text
from signlet.live.session import LiveState, Rate, Session
from signlet.stream import SignEvent, StreamRecogniser
from signlet_testing import PATIENCE, importable
from signlet_testing.live_signer import FPS, Judge, judged, saved, signer, stream, without_display

__all__ = ["judged", "without_display"]


# --- the command --------------------------------------------------------------------------


def test_a_line_for_each_sign_with_its_times(
    judged: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(tmp_path / "stream.npz", stream(0.1, -0.1, 0.1))
    assert main(["live", file, "--headless"]) == 0
    told = capsys.readouterr()
    first, second, third = told.out.splitlines()
    assert first.endswith("s  up  80 %")
    assert second.endswith("none of the signs (nearest: down  70 %)")
    assert third.endswith("s  up  80 %")
    start, end = map(float, first.split(" s ")[0].split("-"))
    assert start == pytest.approx(1, abs=0.2)
    assert end == pytest.approx(2, abs=0.2)
    assert "2 signs in 175 frames" in told.err


def test_a_recording_without_hands_says_why_there_is_no_sign(
    judged: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = stream(0.1)
    for name, said in (("hands", False), ("none", True)):
        if said:
            frames[:, LEFT_HAND] = frames[:, RIGHT_HAND] = np.nan
            frames[:, 0] = 0.5
        assert main(["live", saved(tmp_path / f"{name}.npz", frames), "--headless"]) == 0
        assert ("no hand was found in any frame" in capsys.readouterr().err) == said


def test_json_lines_parse_and_hold_what_the_text_says(
    judged: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(tmp_path / "stream.npz", stream(0.1, -0.1))
    assert main(["live", file, "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["sign"] for event in events] == ["up", None]
    assert events[0]["confidence"] == pytest.approx(0.8)
    assert events[0]["top"][0] == {"sign": "up", "probability": pytest.approx(0.8)}
    assert events[1]["start"] > events[0]["end"] > events[0]["start"]


def test_a_sign_that_the_recording_cuts_off_is_answered(
    judged: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(tmp_path / "stream.npz", stream(0.1)[:45])
    assert main(["live", file, "--headless"]) == 0
    assert capsys.readouterr().out.endswith("up  80 %\n")


def test_seconds_end_it(judged: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = saved(tmp_path / "stream.npz", stream(0.1, 0.1, 0.1))
    assert main(["live", file, "--headless", "--seconds", "3"]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 1
    assert "in 76 frames" in told.err


def test_a_mirrored_recording_is_turned_back(
    judged: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = stream(0.1)
    mirror = frames[:, MIRROR].copy()
    mirror[..., 0] = 1 - mirror[..., 0]
    file = saved(tmp_path / "stream.npz", mirror)
    assert main(["live", file, "--headless", "--mirrored"]) == 0
    assert capsys.readouterr().out.endswith("up  80 %\n")


def test_what_is_assumed_and_missing_is_said(
    judged: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(tmp_path / "stream.npz", stream(0.1), fps=None)
    assert main(["live", file]) == 0
    told = capsys.readouterr().err
    assert "has no frame rate" in told
    assert "no model was named, so signlet uses its starter model fingerspelling" in told
    assert "no window can be opened" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.npz"], "no such file"),
        (["clip.txt"], "not the number of a camera"),
        (["stream.npz", "--seconds", "0"], "--seconds"),
        (["stream.npz", "--seconds", "nan"], "--seconds"),
        (["stream.npz", "--save", "out.gif"], "out.gif"),
        (["stream.npz", "--save", "pyproject.toml/out.mp4"], "out.mp4: cannot be written"),
        (["stream.npz", "--modle", "x"], "--model"),
    ],
)
def test_mistakes_give_one_line(
    judged: None, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["live", *arguments, "--headless"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert words in last


def test_a_recording_of_nobody_is_an_error(
    judged: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(tmp_path / "empty.npz", np.full((30, 543, 3), np.nan, np.float32))
    assert main(["live", file, "--headless"]) == 2
    assert "empty.npz: no landmark was found in any frame" in capsys.readouterr().err


def test_an_unknown_model_lists_what_comes_with_signlet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(tmp_path / "stream.npz", stream(0.1))
    assert main(["live", file, "--model", "fingerspeling"]) == 2
    assert (
        "fingerspeling: there is no such file or folder; did you mean fingerspelling?"
        in capsys.readouterr().err
    )


def test_a_missing_camera_is_one_line(judged: None, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("cv2")
    assert main(["live", "97", "--headless"]) == 2
    assert "camera 97: cannot be opened" in capsys.readouterr().err.splitlines()[-1]


def test_ctrl_c_answers_the_open_sign_and_ends_with_130(
    judged: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(clip: object) -> Iterator[LiveFrame]:
        yield from list(live_frames(clip))[:45]
        raise KeyboardInterrupt

    monkeypatch.setattr("signlet.live.inputs.live_frames", interrupted)
    file = saved(tmp_path / "stream.npz", stream(0.1))
    assert main(["live", file, "--headless"]) == 130
    told = capsys.readouterr()
    assert told.out.endswith("up  80 %\n")
    assert told.err.endswith("signlet: stopped\n")


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    """`signlet live ... | head -1`: lines are handed over at once, and nobody complains."""
    file = saved(tmp_path / "stream.npz", stream(*[0.1] * 3))
    code = (
        "import sys; import test_live;"
        "from signlet.cli import live, main; "
        "live.Recogniser.load = staticmethod(lambda model: test_live.Judge());"
        "sys.exit(main(['live', sys.argv[1], '--headless']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, file],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=importable(Path(__file__).parent) | {"OMP_NUM_THREADS": "1"},
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline().endswith(b"up  80 %\n")
        child.stdout.close()
        assert child.stderr is not None
        assert b"Traceback" not in child.stderr.read()
        assert child.wait() == 0


def test_a_file_of_landmarks_needs_the_core_install_only() -> None:
    code = (
        "import sys; import signlet.cli.live;"
        "heavy = {'torch', 'cv2', 'av', 'mediapipe', 'PIL', 'rich', 'pyarrow'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# --- a camera -----------------------------------------------------------------------------


def test_the_newest_picture_wins_and_the_order_stays() -> None:
    """Whoever is slow gets fewer items, each newer than the last, and always the last one."""
    gate, given_all = threading.Event(), threading.Event()

    def camera() -> Iterator[int]:
        yield 0
        gate.wait(PATIENCE)
        yield from range(1, 100)
        given_all.set()

    with Latest(camera(), "camera") as newest:
        reader = iter(newest)
        assert next(reader) == 0
        gate.set()
        assert given_all.wait(PATIENCE)
        rest = list(reader)
    assert rest == [99]
    assert newest.dropped == 98


def test_what_goes_wrong_in_a_camera_is_raised_where_it_is_read() -> None:
    def camera() -> Iterator[int]:
        yield 1
        raise SignletError("camera 0: sends no more pictures; plug it in again")

    with Latest(camera(), "camera 0") as newest:
        seen: list[int] = []
        with pytest.raises(SignletError, match="no more pictures"):
            seen.extend(newest)


def test_a_camera_that_hangs_is_given_up() -> None:
    forever = threading.Event()

    def camera() -> Iterator[int]:
        forever.wait(30)
        yield 1

    with Latest(camera(), "camera 0", patience=0.2) as newest:
        with pytest.raises(SignletError, match="has sent no picture for"):
            next(iter(newest))
        forever.set()


def test_a_camera_that_drops_pictures_gives_the_same_signs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    frames = stream(0.1, -0.1, 0.1)
    kept = np.sort(np.random.default_rng(0).choice(len(frames), len(frames) // 2, replace=False))
    seen = (LiveFrame(frames[i], float(i) / FPS) for i in kept)
    session = Session(Input("camera 0", seen, live=True), StreamRecogniser(Judge()), Lines())
    session.run()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("s  ")[1][:4] for line in lines] == ["up  ", "none", "up  "]
    assert session.frames == len(kept)


def test_an_error_in_the_middle_comes_after_what_was_signed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def damaged() -> Iterator[LiveFrame]:
        frames = stream(0.1, 0.1)
        yield from (LiveFrame(frame, i / FPS) for i, frame in enumerate(frames[:70]))
        raise ClipError("clip.mp4: cannot be decoded after 70 frames; record it again")

    session = Session(Input("clip.mp4", damaged()), StreamRecogniser(Judge()), Lines())
    with pytest.raises(ClipError, match="after 70 frames"):
        session.run()
    assert len(capsys.readouterr().out.splitlines()) == 1


# --- small parts --------------------------------------------------------------------------


def test_the_rate_follows_the_last_two_seconds() -> None:
    rate = Rate()
    assert rate.tick(0.0) == 0.0
    assert [rate.tick(n / 10) for n in range(1, 31)][-1] == pytest.approx(10)
    assert rate.tick(100.0) == 0.0


def test_events_as_text_and_json() -> None:
    event = SignEvent("жест", 12.34, 13.4, 0.871, (("жест", 0.871), ("up", 0.1)))
    assert as_text(event) == "   12.3-13.4 s  жест  87 %"
    assert json.loads(as_json(event))["sign"] == "жест"
    hostile = SignEvent("a\n\x1b[2J\ud800b", 1.0, 2.0, 0.3, ())
    assert as_text(hostile) == r"    1.0-2.0 s  a\n\x1b[2J\ud800b  30 %"
    nothing = SignEvent(None, 1.0, 2.0, 0.3, ())
    assert as_text(nothing) == "    1.0-2.0 s  none of the signs"


def test_states_hold_the_last_events(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[LiveState] = []

    class Keeps:
        def show(self, state: LiveState) -> bool:
            seen.append(state)
            return True

        def finish(self, state: LiveState) -> None:
            seen.append(state)

    frames = stream(*[0.1] * 10)
    source = Input("x", (LiveFrame(frame, i / FPS) for i, frame in enumerate(frames)))
    session = Session(source, StreamRecogniser(Judge()), Lines(), (Keeps(),))
    session.run()
    assert len(seen) == len(frames) + 1
    assert len(seen[-1].events) == 8
    assert session.signs == len(capsys.readouterr().out.splitlines()) == 10
    assert any(state.signing for state in seen)
    assert not seen[0].signing


def test_a_landmark_file_is_read_at_its_rate(tmp_path: Path) -> None:
    with open_input(saved(tmp_path / "a.npz", signer(3), 50.0)) as opened:
        assert [frame.time for frame in opened.frames] == pytest.approx([0, 0.02, 0.04])
        assert not any("frame rate" in note for note in opened.notes)
        assert not opened.live


@pytest.mark.slow
def test_a_real_video_from_picture_to_line(
    judged: None, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    av = pytest.importorskip("av")
    pytest.importorskip("mediapipe")
    video, out = sorted((shared / "data" / "videos").glob("*.mp4"))[0], tmp_path / "seen.mp4"
    with av.open(str(video)) as container:
        pictures = sum(1 for _ in container.decode(video=0))
    assert main(["live", str(video), "--headless", "--json", "--save", str(out)]) == 0
    told = capsys.readouterr()
    events = [json.loads(line) for line in told.out.splitlines()]
    assert len(events) >= 1
    assert all(0 <= event["start"] < event["end"] <= pictures / 20 for event in events)
    assert f"in {pictures} frames" in told.err
    assert out.stat().st_size > 10_000
