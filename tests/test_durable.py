"""What promises to last is on the disk before it gets its name, and then its name is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from signlet.errors import SignletError
from signlet.export import bundle, export_ensemble
from signlet.files.atomic import replacing, require_writable, write_text
from signlet.model import ModelConfig, SignModel
from signlet.model.files import save_model
from signlet.pack import pack
from signlet.recognition.recogniser import Recogniser
from signlet.recognition.teaching import make
from signlet.sources import write_clip
from signlet.training.checkpoint import save_checkpoint
from signlet_testing.clips import Synthetic

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="Linux tells the names")
Calls = list[tuple[str, Path]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What was asked of the system, in order: ("sync", path) and ("name", the new name)."""
    found: Calls = []
    replace, sync = os.replace, os.fsync

    def named(old: str | Path, new: str | Path) -> None:
        found.append(("from", Path(old)))
        replace(old, new)
        found.append(("name", Path(new)))

    def synced(handle: int) -> None:
        found.append(("sync", Path(os.readlink(f"/proc/self/fd/{handle}"))))
        sync(handle)

    monkeypatch.setattr(os, "replace", named)
    monkeypatch.setattr(os, "fsync", synced)
    return found


def lasting(calls: Calls) -> set[str]:
    """Names of the files that got theirs between two syncs: of the file, then of its folder."""
    found = set()
    for place, (what, path) in enumerate(calls):
        if what == "name":
            _, old = calls[place - 1]
            before = ("sync", old) in calls[: place - 1]
            if before and calls[place + 1 : place + 2] == [("sync", path.parent)]:
                found.add(path.name)
    return found


def tiny() -> SignModel:
    return SignModel(ModelConfig(dense=8, widths=(16, 16, 16, 16), heads=4, num_classes=3)).eval()


def packed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    pack(Synthetic(signers=2, takes=1), folder, 12, jobs=1)
    return {"frames.npy", "index.parquet", "skipped.parquet", "dataset.json"}


def run_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    save_model(folder, [tiny()], ("a", "b", "c"), {})
    return {"model.safetensors", "config.json"}


def checkpoint(folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    save_checkpoint(folder / "checkpoint.pt", {"epoch": 1})
    return {"checkpoint.pt"}


def exported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.setattr(bundle, "_write", lambda format, path, *_: path.write_text(format))
    monkeypatch.setattr(bundle, "check", lambda *_: type("Check", (), {"as_json": dict})())
    monkeypatch.setattr(bundle, "model_card", lambda *_: "card")
    export_ensemble([tiny()], ["a", "b", "c"], folder)
    return {"model.onnx", "model.tflite", "labels.txt", "model-card.md", "checks.json"}


@pytest.mark.parametrize("write", [packed, run_model, checkpoint, exported])
def test_it_lasts(
    write: Callable[[Path, pytest.MonkeyPatch], set[str]],
    tmp_path: Path,
    calls: Calls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = write(tmp_path / "it", monkeypatch)
    assert lasting(calls) >= expected


def test_the_header_of_a_packed_set_comes_when_the_rest_lasts(
    tmp_path: Path, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set with a header is taken for a whole one."""
    packed(tmp_path / "it", monkeypatch)
    names = [path.name for what, path in calls if what == "name"]
    assert names[-1] == "dataset.json"
    assert ("sync", tmp_path / "it") in calls[: calls.index(("name", tmp_path / "it/dataset.json"))]


def test_a_taught_file_lasts(
    teachable: Path, tmp_path: Path, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Recogniser.load(teachable)
    monkeypatch.setattr(make, "require_taught", lambda *_: type("T", (), {"as_json": dict})())
    monkeypatch.setattr(make, "with_entries", lambda content, *_: content)
    make.save(found, tmp_path / "mine.onnx")
    assert lasting(calls) == {"mine.onnx"}


def test_a_folder_lasts_with_all_that_is_in_it(tmp_path: Path, calls: Calls) -> None:
    with replacing(tmp_path / "both") as folder:
        (folder / "inner").mkdir(parents=True)
        (folder / "inner" / "model").write_text("x")
    assert {path.name for what, path in calls if what == "sync"} >= {"model", "inner", "both"}
    assert lasting(calls) == {"both"}


def test_what_can_be_made_again_does_not_wait_for_the_disk(tmp_path: Path, calls: Calls) -> None:
    clip = Synthetic().read(Synthetic().refs()[0])
    write_clip(clip, tmp_path / "clip.npz")
    assert [what for what, _ in calls] == ["from", "name"]


def test_a_disk_that_fails_at_last_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(tmp_path / "it", "old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SignletError, match=r"it: cannot be written \(No space left"):
        write_text(tmp_path / "it", "new")
    assert (tmp_path / "it").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["it"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes among files")
def test_a_pipe_or_a_device_is_never_replaced(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for place in (pipe, link, Path(os.devnull)):
        with pytest.raises(SignletError, match="is a device or a pipe"), replacing(place):
            raise AssertionError("nothing is written")
        with pytest.raises(SignletError, match="is a device or a pipe"):
            require_writable(place)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "pipe"]
