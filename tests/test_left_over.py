"""What a killed command left is removed by the next one; what is not ours, or at work, stays."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from signlet.cli import main
from signlet.errors import SignletError
from signlet.export import bundle, export_ensemble
from signlet.files.atomic import replacing, write_text
from signlet.model import ModelConfig, SignModel
from signlet.running import lock, temporary
from signlet.running.temporary import MARK, forget, scratch, sweep_below, temporary_folder
from signlet.web import libraries
from signlet_testing.clips import moving_hand

KILLED = """
import os, signal, sys
from pathlib import Path
from signlet.files.atomic import replacing
from signlet.running.temporary import scratch, temporary_folder
held = {enter}
held.__enter__()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def new_command() -> Iterator[None]:
    forget()
    yield
    forget()


def killed(enter: str) -> None:
    """A process that is killed inside such a block."""
    done = subprocess.run([sys.executable, "-c", KILLED.format(enter=enter)])
    assert done.returncode == -signal.SIGKILL


def hidden(folder: Path) -> list[Path]:
    return list(folder.glob(".*"))


def test_the_next_file_in_that_folder_removes_it(tmp_path: Path) -> None:
    killed(f"replacing(Path({str(tmp_path / 'model.onnx')!r}))")
    assert len(hidden(tmp_path)) == 1
    write_text(tmp_path / "another.txt", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["another.txt"]


def test_that_of_a_process_at_work_stays(tmp_path: Path) -> None:
    with replacing(tmp_path / "one") as temporary:
        temporary.write_text("1")
        write_text(tmp_path / "two", "2")
        forget()
        write_text(tmp_path / "three", "3")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "three", "two"]


@pytest.mark.parametrize("name", [".model.onnx-abcdefgh", "signlet-mine", ".git", ".lock"])
def test_what_others_left_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "mine").write_text("mine")
    write_text(tmp_path / "it", "x")
    assert (tmp_path / name / "mine").read_text() == "mine"


def test_nothing_is_followed_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / MARK).touch()
    (tmp_path / "out" / ".it-abcdefgh").symlink_to(tmp_path / "far")
    write_text(tmp_path / "out" / "it", "x")
    assert (tmp_path / "far" / MARK).exists()


def test_it_is_looked_for_once_in_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of many clips is not listed again for each of them."""
    listed: list[object] = []
    real = temporary.os.listdir
    monkeypatch.setattr(temporary.os, "listdir", lambda path: listed.append(path) or real(path))
    for number in range(5):
        write_text(tmp_path / str(number), "x")
    assert listed.count(tmp_path) == 1


def test_below_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    killed(f"replacing(Path({str(tmp_path / 'a' / 'b' / 'it')!r}))")
    sweep_below(tmp_path, 1)
    assert hidden(tmp_path / "a" / "b")
    forget()
    sweep_below(tmp_path)
    assert not hidden(tmp_path / "a" / "b")


def test_in_the_systems_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    killed("scratch('export')")
    assert [path.name[:15] for path in tmp_path.iterdir()] == ["signlet-export-"]
    with scratch("other") as folder:
        assert list(tmp_path.iterdir()) == [folder]
    assert not list(tmp_path.iterdir())


def test_a_file_system_without_locks_only_keeps_left_overs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(handle: int) -> None:
        raise OSError(38, "no locks")

    monkeypatch.setattr(lock, "_lock", no_locks)
    with temporary_folder(tmp_path, ".it") as folder:
        assert not list(folder.iterdir())
        forget()
        write_text(tmp_path / "another", "x")
        assert folder.exists()


# --- each command -------------------------------------------------------------------------


def clip(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    np.savez(path, landmarks=moving_hand(0, 0, 0))
    return path


def left_in(folder: Path) -> Path:
    """What a killed process leaves in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    killed(f"temporary_folder(Path({str(folder)!r}), '.left')")
    assert hidden(folder)
    return folder


def test_pack(tmp_path: Path) -> None:
    clip(tmp_path / "clips" / "wave" / "anna_1.npz")
    out = left_in(tmp_path / "out")
    for name in (".frames.npy-abcdefgh", ".shards-abcdefgh"):  # of earlier versions
        (out / name).mkdir()
    assert main(["pack", str(tmp_path / "clips"), "-o", str(out), "--jobs", "1"]) == 2
    left_in(tmp_path / "new" / "shards")
    (tmp_path / "new" / "shards" / "settings.json").write_text("{}")
    given = ["pack", str(tmp_path / "clips"), "-o", str(tmp_path / "new"), "--jobs", "1"]
    assert main(given) == 0
    assert not hidden(tmp_path / "new")


def test_convert(tmp_path: Path) -> None:
    clip(tmp_path / "clips" / "wave" / "anna_1.npz")
    given = ["convert", str(tmp_path / "clips"), str(tmp_path / "out"), "--flip-y"]
    assert main(given) == 0
    left_in(tmp_path / "out" / "wave")
    assert main(given) == 0
    assert not hidden(tmp_path / "out" / "wave")


def test_the_pages_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "user_caches", lambda: tmp_path)
    monkeypatch.setattr(libraries.shutil, "which", lambda name: name)
    done = type("Done", (), {"returncode": 0, "stderr": ""})
    monkeypatch.setattr(libraries, "run_minded", lambda *_, **__: done)
    caches = left_in(tmp_path / "signlet" / "page")
    libraries.node_modules()
    assert not hidden(caches)


# --- a command that fails -----------------------------------------------------------------


def test_an_extraction_that_finds_nothing_leaves_no_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mediapipe")
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").write_bytes(b"\0\0\0\x20ftypisom")
    out = tmp_path / "out"
    assert main(["extract", str(tmp_path / "videos"), "-o", str(out), "--jobs", "1"]) == 2
    said = capsys.readouterr()
    assert "quality.csv" not in said.out + said.err
    assert not out.exists()


def test_an_export_whose_second_file_fails_writes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(format: str, path: Path, *_: object) -> None:
        path.write_text(format)

    def check(path: Path, *_: object) -> object:
        if path.suffix == ".tflite":
            raise SignletError("differs from torch")
        return None

    monkeypatch.setattr(bundle, "_write", write)
    monkeypatch.setattr(bundle, "check", check)
    model = SignModel(ModelConfig(dense=8, widths=(16, 16, 16, 16), heads=4, num_classes=3))
    with pytest.raises(SignletError, match="differs"):
        export_ensemble([model], ["a", "b", "c"], tmp_path / "out", ["onnx", "litert"])
    assert not (tmp_path / "out").exists()
