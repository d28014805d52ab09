"""The model that comes with signlet: found by name, self-describing, small, reading letters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import signlet
from signlet import SignletError
from signlet import pretrained as starter
from signlet.cli import main
from signlet.recognition.recogniser import Recogniser
from signlet.runtimes import onnx
from signlet.sources import find, open_source
from signlet.text.percent import percent

FILE = starter.model_path(starter.STARTER)
LANGUAGES = ("ase", "gsg", "csq")


@pytest.fixture(scope="module")
def letters() -> Recogniser:
    return signlet.load(starter.STARTER)


def test_it_is_found_by_name_and_by_path(letters: Recogniser) -> None:
    assert starter.STARTER in starter.names()
    assert FILE.is_file()
    assert signlet.load(FILE).signs == letters.signs
    assert "".join(letters.signs) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_a_path_of_the_same_name_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / starter.STARTER).mkdir()
    for own in (f"./{starter.STARTER}", Path(starter.STARTER)):
        with pytest.raises(SignletError, match="config"):
            signlet.load(own)
    assert len(signlet.load(starter.STARTER).signs) == 26


@pytest.mark.parametrize("name", ["fingerspeling", "letters", "Fingerspelling"])
def test_unknown_names_list_what_there_is(name: str) -> None:
    with pytest.raises(SignletError, match=r"comes with signlet \(fingerspelling\)"):
        signlet.load(name)


def test_it_is_small_and_names_no_folder_of_its_maker() -> None:
    content = FILE.read_bytes()
    assert len(content) < 4_000_000
    assert b"site-packages" not in content
    assert b".py" not in content


def test_its_card_says_data_licence_accuracy_and_limits(letters: Recogniser) -> None:
    card, about = onnx.load(FILE).card, letters.about
    assert card.licence == "Apache-2.0"
    assert card.precision == "fp16"
    assert "spoken-to-signed 0.4.0 (MIT)" in about["data"]
    assert "no interpreter" in about["not_for"]
    without = about["accuracy_unseen_languages_without_copies"]
    assert 0.3 < without <= about["accuracy_unseen_languages"] < 0.9
    low, high = about["interval_without_copies"]
    assert low < without < high


def test_the_page_for_people_says_the_same(letters: Recogniser) -> None:
    text = FILE.with_suffix(".md").read_text(encoding="utf-8")
    calibration = letters.calibration
    assert calibration is not None
    share = letters.about["accuracy_unseen_languages_without_copies"]
    assert f"**{percent(share)}** right" in text
    assert f"Below a confidence of {calibration.threshold:g} the answer" in text
    assert letters.about["data"] in " ".join(text.split())
    for heading in ("How good it is", "Data and licence", "What it must not be used for"):
        assert f"## {heading}\n" in text


def test_its_threshold_refuses_some_but_not_most(letters: Recogniser) -> None:
    """It was chosen by what it costs; a threshold that refuses nearly all would be no use live."""
    calibration = letters.calibration
    assert calibration is not None
    assert 0.05 < calibration.threshold < 0.5
    assert 0.5 < calibration.temperature < 2
    assert calibration.known > 300


def test_it_reads_most_letters_that_it_was_trained_on(letters: Recogniser) -> None:
    """That the right weights lie in the file; how good it is on others is in its card."""
    pytest.importorskip("spoken_to_signed")
    pytest.importorskip("pose_format")
    source = open_source("fingerspelling")
    refs = [ref for ref in source.refs() if ref.signer in LANGUAGES]
    said = letters.batch(source.read(ref) for ref in refs)
    right = [answer.likeliest == ref.sign for answer, ref in zip(said, refs, strict=True)]
    named = [answer.sign is not None for answer in said]
    assert len(refs) == 26 * len(LANGUAGES)
    assert np.mean(right) > 0.8
    assert np.mean(named) > 0.9


def test_it_loads_and_answers_without_torch() -> None:
    code = (
        "import sys; import numpy as np; import signlet;"
        "clip = np.random.default_rng(0).random((20, 543, 3), np.float32);"
        "assert len(signlet.load('fingerspelling')(clip).top(30)) == 26;"
        "heavy = {'torch', 'cv2', 'mediapipe', 'pyarrow', 'rich'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# --- commands that need no model ----------------------------------------------------------


@pytest.fixture
def clip(tmp_path: Path) -> str:
    pytest.importorskip("spoken_to_signed")
    pytest.importorskip("pose_format")
    source = open_source("fingerspelling")
    letter = source.read(find(source, "ase/B"))
    np.savez(tmp_path / "clip.npz", landmarks=letter.frames, fps=letter.fps)
    return str(tmp_path / "clip.npz")


def test_recognise_takes_it_where_no_model_is_named(
    clip: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recognise", clip, "--top", "1"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[1].split()[0] == "B"
    assert "no model was named, so signlet uses its starter model fingerspelling" in told.err
    assert main(["recognise", "fingerspelling", clip, "--top", "1"]) == 0
    again = capsys.readouterr()
    assert again.out == told.out
    assert "no model was named" not in again.err


def test_live_reads_a_letter(clip: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["live", clip, "--headless"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split("s  ")[1].startswith("B  ")


def test_a_letter_is_a_clip_by_its_name() -> None:
    recogniser = signlet.load("fingerspelling")
    assert recogniser("fingerspelling:gsg/R").sign == "R"
    with pytest.raises(SignletError, match="no clip is called"):
        recogniser("fingerspelling:gsg/RR")
