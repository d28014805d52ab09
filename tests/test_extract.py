"""signlet extract: files, resuming, and one bad video among many."""

from __future__ import annotations

import csv
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from signlet.cli import main
from signlet.extract.record import Record, Row
from signlet.sources import open_source, read_clip
from signlet.video import cache, extractors
from signlet.video.extractors import Choice
from signlet_testing.extracting import extract, videos
from signlet_testing.videos import Stub, cached, quarters, stub, write_video

__all__ = ["cached", "stub", "videos"]


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
    assert "1 of them existed already" in capsys.readouterr().out
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
    assert "MediaPipe failed on a picture (graph has errors:)" in errors[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing", "-o", "out"], "missing: there is no such video or folder"),
        (["notes.txt", "-o", "out"], "notes.txt: is text; signlet reads"),
        (["empty", "-o", "out"], "empty: contains no video"),
        (["twice", "-o", "out"], "would both be written to out/a.parquet"),
        (["videos", "-o", "notes.txt/out"], "notes.txt"),
        (["videos", "-o", "videos/../videos"], "every clip would be in it twice"),
        (["videos", "-o", "out", "--jobs", "0"], "--jobs 0"),
        (["videos", "-o", "out", "--format", "csv"], "--format"),
        (["videos", "-o", "out", "--model", "notes.txt"], "is not a model"),
        (
            ["videos", "-o", "out", "--extractor", "holistic", "--model", "no.task"],
            "add --extractor tasks",
        ),
        (["videos", "-o", "out", "--extractor", "tasks", "--model", "no.task"], "no.task: there"),
        (["videos", "-o", "out", "--extractor", "tasks", "--model", "notes.txt"], "is not a model"),
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
    assert f"{count} of them existed already" in capsys.readouterr().out
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
    assert "model.task: is not a model of MediaPipe's HolisticLandmarker" in said
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
    (text := tmp_path / "fake.mp4").write_text("words")  # no extra would help with it
    assert extract(text, "-o", tmp_path / "out") == 2
    assert f"{text}: cannot be decoded, because it is text" in capsys.readouterr().err
