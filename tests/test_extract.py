"""signlet extract: files, resuming, the cache, and one bad video among many."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from signlet.cli import main
from signlet.cli.recordings import extract_first
from signlet.errors import SignletError
from signlet.extract import ensure_extracted
from signlet.extract.pose_parts import pose_parts
from signlet.extract.record import Record, Row
from signlet.sources import open_source, read_clip
from signlet.video import cache, extractors
from signlet.video.clip import extract_clip
from signlet.video.extractors import Choice
from signlet.video.single import HOLISTIC, find
from signlet_testing.videos import Stub, cached, quarters, stub, write_video

__all__ = ["cached", "stub"]
PARTS = "576a114f94befb163286920ea2aa450d87d99088a96d6307212037e0519f6e9b"
"""SHA-256 of the parts that pose-format makes with MediaPipe 0.10.21."""


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Two signs by two signers, each video of another length."""
    root = tmp_path / "videos"
    for number, name in enumerate(("hello/anna_1", "hello/bob_1", "thanks/anna_1")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_video(root / f"{name}.mp4", [quarters()] * (3 + number))
    return root


def extract(*arguments: str | Path) -> int:
    return main(["extract", *map(str, arguments), "--jobs", "1"])


def table(out: Path) -> list[dict[str, str]]:
    with (out / "quality.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- files -------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["parquet", "npz", "pose"])
def test_a_folder_keeps_its_layout(videos: Path, tmp_path: Path, stub: Stub, kind: str) -> None:
    out = tmp_path / "out"
    assert extract(videos, "-o", out, "--format", kind) == 0
    written = sorted(path.relative_to(out).as_posix() for path in out.rglob(f"*.{kind}"))
    assert written == [f"hello/anna_1.{kind}", f"hello/bob_1.{kind}", f"thanks/anna_1.{kind}"]
    source = open_source(out)
    assert source.signs == ("hello", "thanks")
    clips = [source.read(ref) for ref in source.refs()]
    assert [len(clip.frames) for clip in clips] == [3, 4, 5]
    assert [clip.signer for clip in clips] == ["anna", "bob", "anna"]
    assert all(clip.fps == pytest.approx(25) for clip in clips)


def test_parquet_has_the_competitions_schema_and_says_where_it_comes_from(
    videos: Path, tmp_path: Path, stub: Stub
) -> None:
    assert extract(videos / "hello" / "anna_1.mp4", "-o", tmp_path / "out") == 0
    file = pq.ParquetFile(tmp_path / "out" / "anna_1.parquet")
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert types == {
        "frame": "int16",
        "row_id": "string",
        "type": "string",
        "landmark_index": "int16",
        "x": "double",
        "y": "double",
        "z": "double",
    }
    assert file.metadata.num_rows == 3 * 543
    assert file.metadata.metadata[b"extractor"].decode() == extractors.label(Choice())
    assert float(file.metadata.metadata[b"fps"]) == 25


def test_quality_is_printed_and_written(
    videos: Path, tmp_path: Path, stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    write_video(videos / "hello" / "dark_1.mp4", [quarters(colours="BBBB")] * 3, rate=5)
    assert extract(videos, "-o", tmp_path / "out") == 0
    said = capsys.readouterr()
    assert "4 videos" in said.out
    assert "either hand" in said.out
    assert "low light" in said.out
    assert said.err == ""
    rows = {row["video"]: row for row in table(tmp_path / "out")}
    assert list(rows) == sorted(rows)
    dark = rows["hello/dark_1.mp4"]
    assert {"low light", "low frame rate"} <= set(dark["warnings"].split("; "))
    assert (dark["frames"], dark["fps"], dark["signer"]) == ("3", "5.0", "dark")
    assert "low light" not in rows["hello/bob_1.mp4"]["warnings"]


# --- again -------------------------------------------------------------------------------
def test_what_is_there_is_skipped_and_what_is_new_is_done(
    videos: Path, tmp_path: Path, stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert extract(videos, "-o", out) == 0
    stamps = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    seen = len(stub.pictures)
    shutil.rmtree(cache.cache_folder())
    write_video(videos / "hello" / "anna_1.mp4", [quarters()] * 8)
    (out / "thanks" / "anna_1.parquet").unlink()
    capsys.readouterr()
    assert extract(videos, "-o", out) == 0
    assert "1 of them there already" in capsys.readouterr().out
    assert len(stub.pictures) == seen + 8 + 5
    assert len(read_clip(out / "hello" / "anna_1.parquet").frames) == 8
    bob = out / "hello" / "bob_1.parquet"
    assert bob.stat().st_mtime_ns == stamps[bob]
    assert len(table(out)) == 3


def test_a_stopped_command_goes_on(
    videos: Path, tmp_path: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, whole = tmp_path / "out", stub.__class__.__call__

    def stop_at_the_fifth(self: Stub, image: np.ndarray) -> np.ndarray:
        if len(self.pictures) == 5:
            raise KeyboardInterrupt
        return whole(self, image)

    monkeypatch.setattr(Stub, "__call__", stop_at_the_fifth)
    assert extract(videos, "-o", out) == 130
    assert [path.name for path in out.rglob("*.parquet")] == ["anna_1.parquet"]
    with (out / "quality.csv").open("a", encoding="utf-8") as file:
        file.write("hello/bob_1.mp4,bob,hello/bo")  # and it was killed while writing
    monkeypatch.setattr(Stub, "__call__", whole)
    stub.pictures.clear()
    assert extract(videos, "-o", out) == 0
    assert len(stub.pictures) == 4 + 5
    assert [row["frames"] for row in table(out)] == ["3", "4", "5"]


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_one_that_ended_before_its_first_row_goes_on(
    videos: Path,
    tmp_path: Path,
    stub: Stub,
    monkeypatch: pytest.MonkeyPatch,
    end: type[BaseException],
) -> None:
    out, add = tmp_path / "out", Record.add

    def stop(self: Record, row: Row) -> None:
        assert (out / row.file).is_file()
        raise end

    monkeypatch.setattr(Record, "add", stop)
    with suppress(SystemExit):
        extract(videos, "-o", out)
    monkeypatch.setattr(Record, "add", add)
    assert [path.name for path in out.rglob("*.parquet")] == ["anna_1.parquet"]
    assert extract(videos, "-o", out) == 0
    assert [row["frames"] for row in table(out)] == ["3", "4", "5"]


def test_one_that_ended_before_its_first_clip_leaves_nothing(
    videos: Path, tmp_path: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: Stub, image: np.ndarray) -> np.ndarray:
        assert (tmp_path / "out" / "quality.csv").is_file()
        raise KeyboardInterrupt

    monkeypatch.setattr(Stub, "__call__", stop)
    assert extract(videos, "-o", tmp_path / "out") == 130
    assert not (tmp_path / "out").exists()


# --- bad videos --------------------------------------------------------------------------
def test_one_bad_video_does_not_stop_the_others(
    videos: Path, tmp_path: Path, stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    (videos / "hello" / "bad_1.mp4").write_bytes(b"no video")
    (videos / "thanks" / "empty_1.webm").touch()
    (videos / "thanks" / "notes.txt").write_text("not looked at")
    assert extract(videos, "-o", tmp_path / "out") == 2
    assert len(list((tmp_path / "out").rglob("*.parquet"))) == 3
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "bad_1.mp4: cannot be decoded" in lines[0]
    assert "empty_1.webm" in lines[1]
    assert "2 of 5 videos could not be extracted" in lines[2]
    assert [row["video"] for row in table(tmp_path / "out") if row["error"]] == [
        "hello/bad_1.mp4",
        "thanks/empty_1.webm",
    ]


def test_mediapipe_failing_over_one_video_does_not_stop_the_others(
    videos: Path, tmp_path: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Stub.__call__

    def fail_once(self: Stub, image: np.ndarray) -> np.ndarray:
        self.forgot += 100 * (len(self.pictures) == 1)
        if len(self.pictures) == 1 and self.forgot < 200:
            raise RuntimeError("graph has errors:\nsomething native")
        return whole(self, image)

    monkeypatch.setattr(Stub, "__call__", fail_once)
    assert extract(videos, "-o", tmp_path / "out") == 2
    errors = [row["error"] for row in table(tmp_path / "out") if row["error"]]
    assert len(errors) == 1
    assert "MediaPipe failed over a picture (graph has errors:)" in errors[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing", "-o", "out"], "missing: there is no such video or folder"),
        (["notes.txt", "-o", "out"], "notes.txt: is text; these are read"),
        (["empty", "-o", "out"], "empty: holds no video"),
        (["twice", "-o", "out"], "would both be written to out/a.parquet"),
        (["videos", "-o", "notes.txt/out"], "notes.txt"),
        (["videos", "-o", "videos/../videos"], "clips would then be there twice"),
        (["videos", "-o", "out", "--jobs", "0"], "--jobs 0"),
        (["videos", "-o", "out", "--format", "csv"], "--format"),
        (["videos", "-o", "out", "--model", "notes.txt"], "is no model"),
        (
            ["videos", "-o", "out", "--extractor", "holistic", "--model", "no.task"],
            "add --extractor tasks",
        ),
        (["videos", "-o", "out", "--extractor", "tasks", "--model", "no.task"], "no.task: there"),
        (["videos", "-o", "out", "--extractor", "tasks", "--model", "notes.txt"], "is no model"),
        (["videos"], "-o/--out"),
        (["videos", "-o", "out", "--job", "2"], "did you mean --jobs?"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    videos: Path,
    cached: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(videos.parent)
    Path("notes.txt").write_text("no model either")
    Path("empty").mkdir()
    Path("twice").mkdir()
    for suffix in ("mp4", "mov"):
        write_video(Path("twice") / f"a.{suffix}", [quarters()])
    assert main(["extract", *arguments]) == 2
    said = capfd.readouterr().err
    assert words in said
    assert said.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such names")
@pytest.mark.parametrize(
    "name", [b"b\xffb_1", b"bob_\x1b]0;x\x07", b"bob_a\nb", b"bob_" + b"x" * 246], ids=ascii
)
def test_a_video_of_any_name_is_extracted(
    videos: Path, tmp_path: Path, name: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    os.rename(videos / "hello" / "bob_1.mp4", os.fsencode(videos / "hello") + b"/%s.mp4" % name)
    count = len(list(videos.rglob("*.mp4")))
    for _ in range(2):  # the second time it is there already
        assert extract(videos, "-o", tmp_path / "out") == 0
    assert f"{count} of them there already" in capsys.readouterr().out
    files = list((tmp_path / "out").rglob("*.parquet"))
    assert len(files) == count
    assert all(file.name.isprintable() and len(file.name.encode()) < 256 for file in files)


@pytest.mark.slow
def test_an_archive_that_is_no_model_is_refused(
    videos: Path, tmp_path: Path, cached: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "model.npz", np.zeros(3))
    model = (tmp_path / "model.npz").rename(tmp_path / "model.task")
    assert extract(videos, "-o", tmp_path / "o", "--extractor", "tasks", "--model", model) == 2
    said = capfd.readouterr().err
    assert "model.task: is no model of MediaPipe's HolisticLandmarker" in said
    assert said.count("\n") == 1


def test_without_the_extra_it_is_named(
    videos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SIGNLET_CACHE", str(tmp_path / "cache"))  # nothing is extracted already
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    assert extract(videos, "-o", tmp_path / "out") == 2
    assert "reading videos needs the extra video" in capsys.readouterr().err


# --- the cache ---------------------------------------------------------------------------
def test_the_same_content_is_extracted_once(videos: Path, stub: Stub) -> None:
    first = extract_clip(videos / "hello" / "anna_1.mp4")
    copy = Path(shutil.copy(videos / "hello" / "anna_1.mp4", videos / "elsewhere.mp4"))
    again = extract_clip(copy)
    assert len(stub.pictures) == 3
    assert (first.name, again.name) == ("anna_1", "elsewhere")
    np.testing.assert_array_equal(first.frames, again.frames)
    assert first.fps == again.fps


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_damaged_entry_is_made_again(videos: Path, stub: Stub, data: st.DataObject) -> None:
    video = videos / "hello" / "anna_1.mp4"
    whole = extract_clip(video).frames
    (entry,) = cache.cache_folder().rglob("*.npz")
    content = entry.read_bytes()
    if data.draw(st.booleans()):
        damaged = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        place = data.draw(st.integers(0, len(content) - 1))
        damaged = content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]
    entry.write_bytes(damaged)
    np.testing.assert_array_equal(extract_clip(video).frames, whole)
    seen = len(stub.pictures)
    np.testing.assert_array_equal(extract_clip(video).frames, whole)
    assert len(stub.pictures) == seen, "the entry is whole again"


def test_an_entry_under_a_wrong_key_is_not_believed(videos: Path, stub: Stub) -> None:
    extract_clip(videos / "hello" / "anna_1.mp4")
    (entry,) = cache.cache_folder().rglob("*.npz")
    extract_clip(videos / "hello" / "bob_1.mp4")
    (other,) = set(cache.cache_folder().rglob("*.npz")) - {entry}
    shutil.copy(entry, other)
    assert len(extract_clip(videos / "hello" / "bob_1.mp4").frames) == 4


def test_a_cache_that_cannot_be_written_is_said_once(
    videos: Path,
    tmp_path: Path,
    stub: Stub,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SIGNLET_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr("signlet.video.clip._warned", set())
    for name in ("anna_1", "bob_1"):
        assert len(extract_clip(videos / "hello" / f"{name}.mp4").frames) in (3, 4)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "SIGNLET_CACHE" in said
    assert extract(videos, "-o", tmp_path / "out") == 0
    assert len(list((tmp_path / "out").rglob("*.parquet"))) == 3
    said = capsys.readouterr().err
    assert said.count("SIGNLET_CACHE") == 1
    assert cache.unwritable()


def test_where_the_cache_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNLET_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    monkeypatch.setattr("sys.platform", "linux")
    assert cache.cache_folder() == Path("/somewhere/signlet/landmarks")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_folder() == Path.home() / ".cache/signlet/landmarks"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache.cache_folder() == Path.home() / "Library/Caches/signlet/landmarks"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", os.fspath(Path("/local")))
    assert cache.cache_folder() == Path("/local/signlet/landmarks")


# --- sources -----------------------------------------------------------------------------
def test_the_videos_of_a_source_are_extracted_before_they_are_read(
    videos: Path, stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    (videos / "hello" / "bad_1.mp4").write_bytes(b"no video")
    source = open_source(videos)
    summary = extract_first(source, Console(width=200), 1)
    assert [row.video for row in summary.good] == [
        "hello/anna_1.mp4",
        "hello/bob_1.mp4",
        "thanks/anna_1.mp4",
    ]
    assert "cannot be decoded" in summary.bad[0].error
    assert "1 video could not" in capsys.readouterr().out
    seen = len(stub.pictures)
    lengths = [len(source.read(ref).frames) for ref in source.refs() if "bad" not in ref.name]
    assert lengths == [3, 4, 5]
    assert len(stub.pictures) == seen == 12
    assert find(videos / "hello" / "anna_1.mp4", HOLISTIC).cached


def test_a_missing_video_is_named_even_without_mediapipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(extractors, "version", missing)
    extractors.identity.cache_clear()
    try:
        with pytest.raises(SignletError, match=r"nothing\.mp4: there is no such file"):
            read_clip(tmp_path / "nothing.mp4")
        (tmp_path / "clip.mp4").write_bytes(b"video")
        with pytest.raises(SignletError, match="needs the extra video"):
            read_clip(tmp_path / "clip.mp4")
    finally:
        extractors.identity.cache_clear()


def test_a_source_without_videos_needs_nothing(tmp_path: Path) -> None:
    (tmp_path / "hello").mkdir()
    np.savez(tmp_path / "hello" / "a_1.npz", np.zeros((2, 543, 3), np.float32))
    assert ensure_extracted(open_source(tmp_path)).rows == ()


def test_a_pose_file_has_the_same_parts_with_every_mediapipe() -> None:
    parts = pose_parts()
    parts.pop("POSE_WORLD_LANDMARKS", None)
    told = [
        (name, part.points, sorted(part.limbs), part.colors, part.format)
        for name, part in sorted(parts.items())
    ]
    assert [len(points) for _, points, *_ in told] == [468, 21, 33, 21]
    assert hashlib.sha256(repr(told).encode()).hexdigest() == PARTS
