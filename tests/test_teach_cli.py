"""`signlet teach`: from a folder of letters to a file that knows them; each mistake is one line."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import signlet
from signlet.cli import main
from signlet.cli.bars import Bars
from signlet.errors import SignletError
from signlet.live import lines
from signlet.modelfile.float16 import as_text
from signlet.modelfile.rewrite import with_entries
from signlet.sources import Fingerspelling
from signlet.stream import StreamRecogniser
from signlet.stream.segmenter import Segment
from signlet_testing.clips import moving_hand
from signlet_testing.teaching import own_rows, tiny_card, tiny_model, write_onnx

Capture = pytest.CaptureFixture[str]
PAGE = Path(__file__).parents[1] / "docs" / "teach.md"
LETTERS = "ABCDE"
STAGES = ("read", "decode", "wait", "recognise")
LANGUAGES = ("gsg", "ase", "bfi")


@pytest.fixture(scope="module")
def base(teachable: Path) -> Path:
    return teachable


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five letters as signs, of two or three sign languages as signers."""
    try:
        source = Fingerspelling.open()
    except SignletError:
        pytest.skip("the package spoken-to-signed is not installed")
    root = tmp_path_factory.mktemp("letters")
    for ref in source.refs():
        if ref.sign in LETTERS and ref.signer in LANGUAGES:
            (root / ref.sign).mkdir(exist_ok=True)
            shutil.copyfile(ref.path, root / ref.sign / f"{ref.signer}_1.pose")
    return root


@pytest.fixture
def mine(base: Path, clips: Path, tmp_path: Path, capsys: Capture) -> Path:
    """A file that was taught two signs."""
    path = tmp_path / "mine.onnx"
    assert main(["teach", str(base), str(clips), "-o", str(path)]) == 0
    capsys.readouterr()
    return path


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    return record(tmp_path / "clips", {"hello": 0, "thanks": 1})


def record(root: Path, signs: dict[str, int], signers: tuple[str, ...] = ("anna", "ben")) -> Path:
    for sign, number in signs.items():
        (root / sign).mkdir(parents=True, exist_ok=True)
        for signer, name in enumerate(signers):
            for take in (1, 2):
                path = root / sign / f"{name}_{take}.npz"
                np.savez(path, landmarks=moving_hand(number, signer, take), fps=25.0)
    return root


def fails(arguments: list[object], words: str, capsys: Capture) -> None:
    """Exit code 2, and one line that says why."""
    assert main([str(one) for one in arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert words in line, line


def test_letters_are_taught_recognised_added_and_removed(
    base: Path, letters: Path, tmp_path: Path, capsys: Capture
) -> None:
    mine = tmp_path / "mine.onnx"
    assert main(["teach", str(base), str(letters), "-o", str(mine)]) == 0
    told = capsys.readouterr().out
    assert "Taught: 5 signs from" in told
    assert "signers left out in turn:" in told
    assert f"Use it: signlet recognise {mine} CLIP" in told
    clip = next((letters / "A").glob("gsg*"))
    assert main(["recognise", str(mine), str(clip), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {one["sign"] for one in said["top"]} == set(LETTERS)
    assert sum(one["probability"] for one in said["top"]) + said["none"] == pytest.approx(
        1, abs=1e-5
    )
    more = tmp_path / "more" / "Z"
    more.mkdir(parents=True)
    source = Fingerspelling.open()
    (ref,) = (ref for ref in source.refs() if ref.name == "gsg/Z")
    shutil.copyfile(ref.path, more / "gsg_1.pose")
    assert main(["teach", str(mine), str(more.parent), "--add"]) == 0
    assert signlet.load(mine).signs == tuple("ABCDEZ")
    new = tmp_path / "new.onnx"
    remove = ["--remove", "Z", "--remove", "A", "-o", str(new)]
    assert main(["teach", str(mine), *remove]) == 0
    assert signlet.load(new).signs == tuple("BCDE")
    assert signlet.load(mine).signs == tuple("ABCDEZ")


def test_a_zip_teaches_the_same(mine: Path, base: Path, clips: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "clips.zip", "w") as archive:
        for path in sorted(clips.rglob("*.npz")):
            archive.write(path, path.relative_to(clips))
    other = tmp_path / "other.onnx"
    assert main(["teach", str(base), str(tmp_path / "clips.zip"), "-o", str(other)]) == 0
    assert other.read_bytes() == mine.read_bytes()


def test_what_is_said_of_new_people(base: Path, tmp_path: Path, capsys: Capture) -> None:
    out = ["-o", str(tmp_path / "x.onnx")]
    one = record(tmp_path / "one", {"hello": 0, "thanks": 1}, ("anna",))
    assert main(["teach", str(base), str(one), *out]) == 0
    told = capsys.readouterr().out
    assert "Each clip left out in turn:" in told
    assert "Other people will be read worse" in told
    assert "Of new people nothing can be said: all clips are of one signer." in told
    for path in one.rglob("*_2.npz"):
        path.unlink()
    assert main(["teach", str(base), str(one), *out]) == 0
    assert "signs are told apart: no sign has a second clip" in capsys.readouterr().out
    shutil.rmtree(one / "thanks")
    assert main(["teach", str(base), str(one), *out]) == 0
    assert "Only one sign, hello: it is told" in capsys.readouterr().err


def test_clips_that_name_nobody_are_counted_apart(
    base: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = ["-o", str(tmp_path / "x.onnx")]
    root = record(tmp_path / "clips", {"hello": 0, "thanks": 1}, ("anna",))
    (root / "hello" / "anna_2.npz").rename(root / "hello" / "IMG0012.npz")
    assert main(["teach", str(base), str(root), *out]) == 0
    told = capsys.readouterr().out
    assert "from 4 clips, by 1 signer and unknown people." in told
    assert "1 clip names no signer; name it anna_1.npz (signer, underscore, number)" in told
    assert "Of new people nothing can be said: only one signer is named." in told
    for number, path in enumerate(sorted(root.glob("*/anna*"))):
        path.rename(path.with_name(f"{number}.npz"))
    assert main(["teach", str(base), str(root), *out]) == 0
    told = capsys.readouterr().out
    assert "from 4 clips, by unknown people." in told
    assert "4 clips name no signer; name them anna_1.npz" in told


def test_only_people_who_were_tested_are_counted(
    base: Path, tmp_path: Path, capsys: Capture
) -> None:
    root = record(tmp_path / "clips", {"hello": 0, "thanks": 1})
    record(root, {"bye": 2}, ("carl",))
    assert main(["teach", str(base), str(root), "-o", str(tmp_path / "x.onnx")]) == 0
    told = capsys.readouterr().out
    assert "Taught: 3 signs from 10 clips, by 3 signers." in told
    assert re.search(r"Each of 2 signers left out in turn: \d of 8 right", told)
    assert "2 clips could not be tested: nobody else shows their sign." in told
    assert "2 people say little about others: the true figure may well be 20 points lower." in told
    assert re.search(r"the model still gave that sign's clips a name in \d+ of 10 cases", told)


def test_a_sign_cannot_be_called_none(base: Path, tmp_path: Path, capsys: Capture) -> None:
    root = record(tmp_path / "clips", {"hello": 0, "NONE": 1})
    words = "a sign is called 'NONE', which is the answer for none of the signs"
    fails(["teach", base, root, "-o", tmp_path / "x.onnx"], words, capsys)


def test_a_write_protected_file_stays_and_a_mode_is_kept(
    mine: Path, tmp_path: Path, capsys: Capture
) -> None:
    more = record(tmp_path / "more", {"bye": 2})
    before = mine.read_bytes()
    mine.chmod(0o444)
    fails(["teach", mine, more, "--add"], f"{mine}: is write-protected", capsys)
    with pytest.raises(SignletError, match="is write-protected"):
        signlet.load(mine).without_sign("hello").save(mine)
    assert mine.read_bytes() == before
    mine.chmod(0o640)
    assert main(["teach", str(mine), str(more), "--add"]) == 0
    assert signlet.load(mine).signs == ("bye", "hello", "thanks")
    assert mine.stat().st_mode & 0o777 == 0o640


def test_clips_that_were_taught_before_write_nothing(
    mine: Path, clips: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out.onnx"
    assert main(["teach", str(mine), str(clips), "--add", "-o", str(out)]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "all of these clips were taught before; nothing changes" in told.err
    assert not out.exists()


def test_a_clip_without_hands_is_said_to_be_so(mine: Path, tmp_path: Path, capsys: Capture) -> None:
    bare = moving_hand(0, 0, 0)
    bare[:, 468:489] = bare[:, 522:] = np.nan
    np.savez(tmp_path / "bare.npz", landmarks=bare)
    assert main(["recognise", str(mine), str(tmp_path / "bare.npz")]) == 0
    assert f"{tmp_path / 'bare.npz'}: no hands were found" in capsys.readouterr().err


def test_own_signs_are_kept_on_request(base: Path, clips: Path, tmp_path: Path) -> None:
    with_own = tmp_path / "own.onnx"
    rows = {"prototypes": as_text(own_rows())}
    with_own.write_bytes(with_entries(base.read_bytes(), ".onnx", rows, "base"))
    out = tmp_path / "x.onnx"
    assert main(["teach", str(with_own), str(clips), "-o", str(out), "--keep-signs"]) == 0
    assert signlet.load(out).signs == ("a", "b", "été", "hello", "thanks")


def test_none_reaches_streams_and_lines(
    mine: Path, clips: Path, tmp_path: Path, capsys: Capture
) -> None:
    changed = json.loads(json.dumps(signlet.load(mine).taught.as_json())) | {"threshold": 2.0}  # type: ignore[union-attr]
    strict = tmp_path / "strict.onnx"
    strict.write_bytes(with_entries(mine.read_bytes(), ".onnx", {"taught": changed}, "mine"))
    recogniser = signlet.load(strict)
    clip = moving_hand(0, 0, 1)
    assert recogniser(clip).sign is None
    stream = StreamRecogniser(recogniser)
    event = stream._answer(Segment(0.0, 1.0, clip))
    assert event.sign is None
    assert event.top
    assert main(["recognise", str(strict), str(clips / "hello" / "anna_1.npz")]) == 0
    assert "none of its signs (" in capsys.readouterr().out
    assert "none of the signs (nearest: " in lines.as_text(event)
    answers = pytest.importorskip("signlet.serve.answers")
    served = answers.Recognised(recogniser(clip), len(clip), dict.fromkeys(STAGES, 0.0), 1)
    said = answers.answer(served, 2)
    assert said.sign is None
    assert said.none == pytest.approx(recogniser(clip).none, abs=1e-6)


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
    fails(["teach", mine, clips, "--add", "--keep-signs"], "--keep-signs: is chosen", capsys)
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


def test_clips_that_cannot_be_taught_are_all_named(
    base: Path, clips: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out.onnx"
    bare = moving_hand(0, 0, 0)
    bare[:, 468:489] = bare[:, 522:] = np.nan
    np.savez(clips / "hello" / "carl_1.npz", landmarks=bare)
    (clips / "thanks" / "carl_1.npz").write_bytes(b"damaged")
    assert main(["teach", str(base), str(clips), "-o", str(out)]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"signlet: {clips}/hello/carl_1.npz: no hand was found")
    assert f"{clips}/thanks/carl_1.npz: is damaged" in second
    assert not out.exists()


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
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
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
