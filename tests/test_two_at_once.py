"""Two commands that write to one place: the second says so; dead and absent locks block nobody."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from signlet.cli import main
from signlet.errors import SignletError
from signlet.export import export_ensemble
from signlet.model import ModelConfig, SignModel
from signlet.pack import pack
from signlet.running import lock
from signlet.running.lock import only_one, only_one_file
from signlet.runs import RunFolder
from signlet.sources import open_source
from signlet.training.clips import packed_clips
from signlet.training.ensemble import write_ensemble
from signlet.training.recipes import load_recipe
from signlet.tune import Search, tune
from signlet.tune.space import Choices
from signlet.web import build
from signlet_testing import PATIENCE
from signlet_testing.clips import Synthetic, moving_hand

BUSY = "somebody else is here"


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    for number, sign in enumerate(("circle", "line", "wave")):
        (tmp_path / "clips" / sign).mkdir(parents=True)
        for signer in ("anna", "ben", "carl", "dora"):
            path = tmp_path / "clips" / sign / f"{signer}_1.npz"
            np.savez(path, landmarks=moving_hand(number, len(signer), 0))
    return tmp_path / "clips"


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    capsys.readouterr()
    assert main([str(one) for one in arguments]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


# --- each command -------------------------------------------------------------------------


def test_pack_and_the_packing_of_train(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with only_one(run / "packed", BUSY):
        for command in (
            ["pack", clips, "-o", run / "packed", "--jobs", "1"],
            ["train", "--data", clips, "--run", run, "--jobs", "1"],
        ):
            assert "another command is packing clips into this folder" in refused(capsys, *command)
    assert main(["pack", str(clips), "-o", str(run / "packed"), "--jobs", "1"]) == 0
    assert ".lock" not in os.listdir(run / "packed")


def test_a_training(tmp_path: Path) -> None:
    with (
        RunFolder(tmp_path / "run").only_one(),
        pytest.raises(SignletError, match="another training is using this folder"),
        RunFolder(tmp_path / "run").only_one(),
    ):
        pass


def test_convert(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    with only_one(out, BUSY):
        assert "another command is converting" in refused(capsys, "convert", clips, out, "--flip-y")
    assert main(["convert", str(clips), str(out), "--flip-y"]) == 0


def test_extract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("mediapipe")
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").write_bytes(b"\0\0\0\x20ftypisom")
    with only_one(tmp_path / "out", BUSY):
        said = refused(capsys, "extract", tmp_path / "videos", "-o", tmp_path / "out")
        assert "another command is extracting into this folder" in said


def test_teach(
    teachable: Path, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.onnx"
    with only_one_file(out, BUSY):
        assert ("another command is writing this model") in refused(
            capsys, "teach", teachable, clips, "-o", out
        )
    assert not list(tmp_path.glob(".*"))


def test_tune(tmp_path: Path) -> None:
    packed = pack(Synthetic(), tmp_path / "packed", 12, jobs=1)
    space = {"optimiser.learning_rate": Choices((1e-3, 2e-3))}
    recipe = load_recipe("small")
    search = Search(recipe, packed, space, validation=(0,), test_fold=1)
    study = tmp_path / "new" / "tune.db"
    with (
        only_one_file(study, BUSY),
        pytest.raises(SignletError, match="another search is using this study"),
    ):
        tune(search, study, 1, device="cpu")


def tiny() -> SignModel:
    return SignModel(ModelConfig(dense=8, widths=(16, 16, 16, 16), heads=4, num_classes=3)).eval()


def test_export(tmp_path: Path) -> None:
    with (
        only_one(tmp_path / "out", BUSY),
        pytest.raises(SignletError, match="another command is exporting into this folder"),
    ):
        export_ensemble([tiny()], ["a", "b", "c"], tmp_path / "out", ["onnx"])


def test_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "node_modules", lambda: tmp_path)
    with (
        only_one_file(tmp_path / "site", BUSY),
        pytest.raises(SignletError, match="another command is building a page there"),
    ):
        build.build_site(tmp_path / "site", "fingerspelling")


def test_ensemble(tmp_path: Path) -> None:
    class Made:
        parts = ()

    with (
        only_one_file(tmp_path / "both", BUSY),
        pytest.raises(SignletError, match="another command is writing an ensemble there"),
    ):
        write_ensemble(Made(), tmp_path / "both")  # type: ignore[arg-type]


# --- locks --------------------------------------------------------------------------------

Place = Callable[[Path], object]


@pytest.mark.parametrize(
    ("take", "file"),
    [
        (lambda folder: only_one(folder / "it", BUSY), "it/.lock"),
        (lambda folder: only_one_file(folder / "it", BUSY), ".it.lock"),
    ],
    ids=["folder", "file"],
)
class TestLock:
    def test_is_gone_afterwards(self, take: Place, file: str, tmp_path: Path) -> None:
        with take(tmp_path):  # type: ignore[attr-defined]
            assert (tmp_path / file).exists()
        assert not list(tmp_path.iterdir())

    def test_an_error_lets_it_go(self, take: Place, file: str, tmp_path: Path) -> None:
        for _ in range(2):
            with pytest.raises(ValueError, match="x"), take(tmp_path):  # type: ignore[attr-defined]
                raise ValueError("x")

    def test_a_file_that_a_dead_process_left_blocks_nobody(
        self, take: Place, file: str, tmp_path: Path
    ) -> None:
        code = (
            "import os, sys, signal; from pathlib import Path; "
            "from signlet.running.lock import only_one, only_one_file; "
            f"path = Path({str(tmp_path)!r}) / 'it'; "
            f"held = ({'only_one' if file == 'it/.lock' else 'only_one_file'})(path, 'x'); "
            "held.__enter__(); os.kill(os.getpid(), signal.SIGKILL)"
        )
        assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
        assert (tmp_path / file).exists()
        with take(tmp_path):  # type: ignore[attr-defined]
            pass

    @pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
    def test_without_locks_it_says_so_and_goes_on(
        self,
        take: Place,
        file: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        number: int,
    ) -> None:
        def no_locks(handle: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(lock, "_lock", no_locks)
        with take(tmp_path):  # type: ignore[attr-defined]
            pass
        said = capsys.readouterr().err
        assert "this file system does not support locks" in said
        assert said.count("\n") == 1

    def test_a_place_that_cannot_be_written_to(
        self, take: Place, file: str, tmp_path: Path
    ) -> None:
        (tmp_path / "afile").write_text("mine")
        with (
            pytest.raises(SignletError, match=r"afile.*cannot be written"),
            take(tmp_path / "afile"),  # type: ignore[attr-defined]
        ):
            pass


def test_many_in_turn_and_never_two(tmp_path: Path) -> None:
    """The owner removes the file; whoever opened it just before must not think it is theirs."""
    code = (
        "import sys; from pathlib import Path; from signlet.errors import SignletError; "
        "from signlet.running.lock import only_one_file\n"
        f"folder, wins = Path({str(tmp_path)!r}), 0\n"
        "while wins < 60:\n"
        "    try:\n"
        "        with only_one_file(folder / 'it', 'x'):\n"
        "            (folder / 'inside').mkdir()\n"
        "            (folder / 'inside').rmdir()\n"
        "            wins += 1\n"
        "    except SignletError:\n"
        "        pass\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [one.wait(PATIENCE) for one in both] == [0, 0, 0]


# --- a run that is there ------------------------------------------------------------------


@pytest.fixture
def run(clips: Path, tmp_path: Path) -> Iterator[Path]:
    """A run that has begun, of clips that were packed elsewhere."""
    run = tmp_path / "run"
    (run / "fold-0").mkdir(parents=True)
    (run / "fold-0" / "checkpoint.pt").write_text("x")
    settings = "name: small\nsource: folder\nclips: 12\nsigns: 3\npacking:\n  max_len: 16\n"
    (run / "config.yaml").write_text(settings)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    yield run
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    assert not (run / "packed").exists()


def test_demo_refuses_another_run_before_it_packs(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "was started with name small, now it is demo" in refused(capsys, "demo", "--run", run)


@pytest.mark.parametrize("change", ["a sign less", "a clip less"])
def test_train_leaves_no_other_clips_in_a_run(
    run: Path, clips: Path, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    for path in list((clips / "wave").iterdir())[: None if change == "a sign less" else 1]:
        path.unlink()
    if change == "a sign less":
        (clips / "wave").rmdir()
    command = ["train", "--data", clips, "--run", run, "--resume", "--jobs", "1"]
    said = refused(capsys, *command)
    assert "the clips have changed since this run began" in said
    assert ("3 signs then, 2 now" if "sign" in change else "12 clips then, 11 now") in said


def test_the_same_clips_may_be_packed_into_it_again(run: Path, clips: Path) -> None:
    packed = packed_clips(str(clips), load_recipe("small"), run, 1)
    assert len(packed.names) == 12
    shutil.rmtree(packed.path)


@pytest.mark.parametrize("begun", [True, False])
def test_clips_that_were_added_or_removed_are_named_before_they_are_read(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    where = RunFolder(tmp_path / "mine")
    pack(open_source(clips), where.packed, 16, jobs=1)
    if begun:
        where.settings.write_text("source: folder\nclips: 12\n")
        where.training(0).path.mkdir()
        where.training(0).checkpoint.touch()
    first, second, *_ = sorted((clips / "wave").iterdir())
    first.rename(first.with_name("zoe_1.npz"))
    second.with_name("zoe_2.npz").write_bytes(second.read_bytes())
    monkeypatch.setattr("signlet.training.clips.pack", None)
    said = rf"2 added \(wave/zoe_1.npz, wave/zoe_2.npz\) and 1 removed \(wave/{first.name}\)"
    with pytest.raises(SignletError, match=said) as refusal:
        packed_clips(str(clips), load_recipe("small"), where.path, 1)
    assert ("since this run began" in str(refusal.value)) == begun
    assert ("delete this folder" in str(refusal.value)) != begun
