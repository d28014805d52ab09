"""Each mistake with `signlet teach` is one line; its page is true; little needs to be installed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import signlet
from signlet.cli import main
from signlet.cli.bars import Bars
from signlet.modelfile.float16 import as_text
from signlet.modelfile.rewrite import with_entries
from signlet_testing import PATIENCE
from signlet_testing.clips import moving_hand
from signlet_testing.teaching import own_rows, tiny_card, tiny_model, write_onnx
from signlet_testing.teaching_clips import Capture, base, clips, fails, mine, record

__all__ = ["base", "clips", "mine"]
PAGE = Path(__file__).parents[1] / "docs" / "teach.md"


# --- mistakes ------------------------------------------------------------------------------


def test_mistakes_in_the_arguments(
    base: Path, clips: Path, mine: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out.onnx"
    file = clips / "hello" / "anna_1.npz"
    fails(["teach", base], "name the clips", capsys)
    fails(["teach", base, clips], "-o is missing", capsys)
    fails(["teach", base, clips, "-o", "x.tflite"], "name one that ends so", capsys)
    fails(["teach", base, clips, "-o", file / "x.onnx"], "cannot be written", capsys)
    fails(["teach", mine, clips, "--remove", "hello"], "--remove: takes signs away", capsys)
    fails(["teach", mine, clips, "--add", "--keep-signs"], "--keep-signs: works only", capsys)
    fails(["teach", mine, "--remove", "nobody"], "no sign 'nobody'", capsys)
    fails(["teach", base, clips, "--add", "-o", out], "was not taught", capsys)
    fails(["teach", base, "--remove", "a", "-o", out], "was not taught; it has no", capsys)
    fails(["teach", "fingerspelling", "--remove", "A"], "fingerspelling: was not taught", capsys)
    fails(["teach", mine, clips, "-o", out], "was taught already", capsys)
    fails(["teach", base, clips, "--keep-signs", "-o", out], "cannot be kept", capsys)
    fails(["teach", tmp_path / "gone.onnx", clips, "-o", out], "no such model file", capsys)
    fails(["teach", base, tmp_path / "gone", "-o", out], "second argument names the clips", capsys)
    fails(["teach", base, file, "-o", out], "is one clip", capsys)
    fails(
        ["teach", mine, "--remove", "hello", "--remove", "thanks"], "no taught sign would", capsys
    )
    assert not out.exists()
    assert signlet.load(mine).signs == ("hello", "thanks")


def test_clips_that_cannot_be_taught_are_all_named_and_left_out(
    base: Path, mine: Path, clips: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out.onnx"
    for sign in ("bye", "hello"):  # of bye there is no other clip
        (clips / sign).mkdir(exist_ok=True)
        handless(clips / sign / "carl_1.npz")
    (clips / "thanks" / "carl_1.npz").write_bytes(b"damaged")
    assert main(["teach", str(base), str(clips), "-o", str(out)]) == 0
    told = capsys.readouterr()
    *named, few, short, lost, counted = told.err.splitlines()
    assert "too few to tell other signs apart" in few
    assert "8 of 8 clips are shorter" in short
    assert lost == "signlet: no usable clip is left of bye, so the model does not know this sign"
    for line, sign in zip(named, ("bye", "hello"), strict=False):
        assert line.startswith(f"signlet: {clips}/{sign}/carl_1.npz: no hand was found")
    assert f"{clips}/thanks/carl_1.npz: is damaged" in named[-1]
    assert counted.startswith("signlet: the 3 clips named above were left out; record them again")
    assert f"signlet teach {out} CLIPS --add" in counted
    assert "Taught: 2 signs from 8 clips" in told.out
    assert out.read_bytes() == mine.read_bytes()  # as if they had not been there


def test_nothing_is_written_where_no_clip_can_be_taught(
    base: Path, tmp_path: Path, capsys: Capture
) -> None:
    out, clips = tmp_path / "out.onnx", tmp_path / "few"
    for sign in ("bye", "hello"):
        (clips / sign).mkdir(parents=True)
        handless(clips / sign / "carl_1.npz")
    assert main(["teach", str(base), str(clips), "-o", str(out)]) == 2
    *named, last = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in named] == [
        f"{clips}/{sign}/carl_1.npz" for sign in ("bye", "hello")
    ]
    assert last == "signlet: none of the clips can be taught, so nothing is written"
    assert not out.exists()


def handless(path: Path) -> None:
    bare = moving_hand(0, 0, 0)
    bare[:, 468:489] = bare[:, 522:] = np.nan
    np.savez(path, landmarks=bare)


def test_one_clip_in_two_folders_is_named(
    base: Path, clips: Path, tmp_path: Path, capsys: Capture
) -> None:
    shutil.copyfile(clips / "hello" / "anna_1.npz", clips / "thanks" / "anna_9.npz")
    words = "hello/anna_1.npz (hello) and thanks/anna_9.npz (thanks) are the same clip"
    fails(["teach", base, clips, "-o", tmp_path / "out.onnx"], words, capsys)


def test_names_that_look_the_same_are_the_same_sign(base: Path, tmp_path: Path) -> None:
    root = record(tmp_path / "clips", {"e\u0301te\u0301": 0, "thanks": 1}, ("anna",))
    record(root, {"été": 0}, ("anna", "ben"))
    for path in (root / "été").glob("anna*"):
        path.unlink()
    out = tmp_path / "out.onnx"
    assert main(["teach", str(base), str(root), "-o", str(out)]) == 0
    assert signlet.load(out).signs == ("thanks", "été")
    assert signlet.load(out).about["taught"]["examples"] == 6


# --- the page ------------------------------------------------------------------------------


def test_the_page_about_teaching_is_true(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = {"prototypes": as_text(own_rows())}
    Path("model.onnx").write_bytes(with_entries(base.read_bytes(), ".onnx", rows, "base"))
    record(Path("my_clips"), {"hello": 0, "thanks": 1})
    record(Path("more_clips"), {"hello": 0, "please": 1, "bye": 2}, ("anna", "ben", "carl"))
    for sign in ("hello", "please"):
        for known in ("anna", "ben"):
            for path in Path("more_clips", sign).glob(f"{known}*"):
                path.unlink()
    np.savez("new_clip.npz", landmarks=moving_hand(1, 5, 0))
    page = PAGE.read_text(encoding="utf-8").replace(".mp4", ".npz")
    page = page.replace('"fingerspelling"', '"model.onnx"')
    for block in re.findall(r"(?<!npm -->\n)```bash\n(.*?)```", page, re.DOTALL):
        for line in block.replace("fingerspelling", "model.onnx").splitlines():
            program, *arguments = shlex.split(line, comments=True)
            assert program == "pip" or main(arguments) == 0, line
    assert {"a", "hello"} <= set(signlet.load("both.onnx").signs)
    assert signlet.load("mine.onnx").signs == ("bye", "hello", "please")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(code, PAGE.name, "exec"), {})
    assert signlet.load("mine.onnx").signs == ("bye", "hello")


# --- where little is installed -------------------------------------------------------------

_ALONE = """
import sys
from importlib.abc import MetaPathFinder
ALLOWED = {"signlet", "numpy", "onnxruntime", *sys.stdlib_module_names}
class Only(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root in ("torch", "rich", "pyarrow", "onnx", "jsonargparse", "scipy", "pydantic"):
            raise ModuleNotFoundError(f"No module named {root!r}", name=root)
sys.meta_path.insert(0, Only())
from signlet.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_it_works_where_only_numpy_and_onnxruntime_are(
    base: Path, mine: Path, clips: Path, tmp_path: Path
) -> None:
    out = tmp_path / "alone.onnx"
    command = [sys.executable, "-c", _ALONE, "teach", str(base), str(clips), "-o", str(out)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert ran.returncode == 0, ran.stderr
    assert "Taught: 2 signs from 8 clips, by 2 signers." in ran.stdout
    assert out.read_bytes() == mine.read_bytes()


@pytest.mark.slow
def test_a_phone_s_file_is_taught(clips: Path, tmp_path: Path) -> None:
    pytest.importorskip("litert_torch")
    from signlet.export import litert

    card = tiny_card()
    litert.write(tmp_path / "base.tflite", [tiny_model()], card.average, card)
    mine = tmp_path / "mine.tflite"
    assert main(["teach", str(tmp_path / "base.tflite"), str(clips), "-o", str(mine)]) == 0
    write_onnx(tmp_path / "base.onnx", card)
    out = tmp_path / "mine.onnx"
    assert main(["teach", str(tmp_path / "base.onnx"), str(clips), "-o", str(out)]) == 0
    for take in (1, 2, 3):
        one, other = (signlet.load(path)(moving_hand(1, 5, take)) for path in (mine, out))
        assert one.signs == other.signs == ("hello", "thanks")
        assert one.probabilities == pytest.approx(other.probabilities, abs=2e-3)
        assert one.none == pytest.approx(other.none, abs=2e-3)


def test_a_bar_counts_what_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    monkeypatch.setattr("signlet.cli.bars._MOMENT", -1.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Bars() as bars:
        bars.begin("clips", 2)
        bars.step()
        bars.step()
        assert bars._bar.tasks[0].completed == 2
        bars.begin("more", 1)
        assert bars._bar is None
