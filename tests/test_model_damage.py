"""A flipped bit of a model file never changes an answer: a checksum tells, also of older files."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

import signlet
from signlet.cli import main
from signlet.errors import SignletError
from signlet.model.files import CONFIG, WEIGHTS, save_model
from signlet.modelfile import checksum, onnx_bytes
from signlet.modelfile.calibration import CALIBRATION
from signlet_testing.damaged_models import (
    CLIP,
    _noted,
    _one_thread,
    flipped,
    folder,
    outcome,
    taught,
    without_checksum,
)
from signlet_testing.teaching import OWN, clips, labels, tiny_model

__all__ = ["_noted", "_one_thread", "folder", "taught"]


def unchanged(said: NDArray[np.float32] | None, whole: NDArray[np.float32] | None) -> bool:
    """Whether a model is refused, or answers as before it was changed."""
    assert whole is not None
    return said is None or np.array_equal(said, whole)


# --- a flipped bit ----------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["base", "taught"])
def test_no_flipped_bit_of_an_onnx_file_changes_an_answer(
    which: str, teachable: Path, taught: Path, tmp_path: Path
) -> None:
    source = {"base": teachable, "taught": taught}[which]
    whole, content, path = outcome(source), source.read_bytes(), tmp_path / "m.onnx"
    rng, found = np.random.default_rng(1), Counter[bool]()
    for _ in range(120):
        path.write_bytes(flipped(content, rng))
        said = outcome(path)
        assert unchanged(said, whole)
        found[said is None] += 1
    assert found[True] > 115


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG, CALIBRATION])
def test_no_flipped_bit_of_a_run_folder_changes_an_answer(folder: Path, name: str) -> None:
    whole, content = outcome(folder), (folder / name).read_bytes()
    rng, refused = np.random.default_rng(2), 0
    for _ in range(40):
        (folder / name).write_bytes(flipped(content, rng))
        said = outcome(folder)
        assert unchanged(said, whole)
        refused += said is None
    assert refused > (10 if name == CONFIG else 25)


def test_every_bit_beside_the_weights_counts(teachable: Path, tmp_path: Path) -> None:
    """The ends of the file, where the card and the checksum lie, bit by bit of some bytes."""
    whole, content, path = outcome(teachable), teachable.read_bytes(), tmp_path / "m.onnx"
    for place in range(len(content) - 700, len(content), 23):
        for bit in range(8):
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            path.write_bytes(changed)
            said = outcome(path)
            assert unchanged(said, whole), (place, bit)


def test_a_checksum_that_lost_its_name_is_damage(
    teachable: Path, folder: Path, tmp_path: Path
) -> None:
    """Damage of the name and of a weight would pass as a file of an older signlet."""
    path, config = tmp_path / "m.onnx", folder / CONFIG
    path.write_bytes(teachable.read_bytes().replace(b"signlet.sha256", b"s1gnlet.sha256"))
    config.write_text(config.read_text().replace('"sha256"', '"sha255"'))
    for damaged in (path, folder):
        with pytest.raises(SignletError, match="its checksum has lost its name"):
            signlet.load(damaged)


def test_parts_of_two_models_are_no_model(folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(7)
    other = type(tiny_model())(tiny_model().config)
    save_model(tmp_path / "other", [other.eval()], OWN, {"recipe": "tiny"})
    (folder / WEIGHTS).write_bytes((tmp_path / "other" / WEIGHTS).read_bytes())
    with pytest.raises(SignletError, match=r"is damaged, or was changed.*copy it again"):
        signlet.load(folder)


# --- where the checksum comes from ------------------------------------------------------------


def test_the_checksum_is_of_all_other_bytes(teachable: Path, taught: Path) -> None:
    """Anybody can compute it: the entry is the file's last."""
    import hashlib

    for path in (teachable, taught):
        content = path.read_bytes()
        begin = content.rindex(b"signlet.sha256") - 4
        stated = content[begin + 4 + 14 + 2 :].decode()
        assert hashlib.sha256(content[:begin]).hexdigest() == stated
        assert onnx.load_from_string(content).SerializeToString() == content


def test_a_run_folder_s_checksum_does_not_depend_on_the_layout(folder: Path) -> None:
    path, before = folder / CONFIG, signlet.load(folder)(CLIP)
    (folder / CALIBRATION).unlink()
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True, indent=None))
    assert signlet.load(folder)(CLIP).likeliest == before.likeliest
    changed = json.loads(path.read_text()) | {"signs": list(reversed(OWN))}
    path.write_text(json.dumps(changed))
    with pytest.raises(SignletError, match="damaged, or was changed"):
        signlet.load(folder)


def test_older_files_open_with_one_note(teachable: Path, folder: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.onnx"
    old.write_bytes(without_checksum(teachable.read_bytes()))
    config = json.loads((folder / CONFIG).read_text())
    del config[checksum.NAME]
    (folder / CALIBRATION).unlink()
    (folder / CONFIG).write_text(json.dumps(config))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        first = signlet.load(old)(CLIP)
        signlet.load(old)
        signlet.load(folder)
    (note,) = [str(one.message) for one in said if "checksum" in str(one.message)]
    assert note.startswith(f"{old}: has no checksum")
    assert unchanged(first.probabilities, outcome(teachable))


def test_a_command_says_the_note_in_one_line(
    teachable: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, clip = tmp_path / "old.onnx", tmp_path / "clip.npz"
    old.write_bytes(without_checksum(teachable.read_bytes()))
    np.savez(clip, landmarks=CLIP, fps=25.0)
    assert main(["recognise", str(old), str(clip), "--json"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"signlet: {old}: has no checksum")


def test_what_is_made_of_an_older_file_has_a_checksum(teachable: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.onnx"
    old.write_bytes(without_checksum(teachable.read_bytes()))
    with pytest.warns(UserWarning, match="has no checksum"):
        made = signlet.teach(old, clips(), labels())
    made.save(tmp_path / "mine.onnx")
    assert onnx_bytes.CHECKSUM.encode() in (tmp_path / "mine.onnx").read_bytes()
    assert signlet.load(tmp_path / "mine.onnx").signs == made.signs


def test_a_base_that_was_damaged_since_is_not_written_anew(teachable: Path, tmp_path: Path) -> None:
    """Its damage would get a checksum of its own."""
    base = tmp_path / "base.onnx"
    base.write_bytes(teachable.read_bytes())
    made = signlet.teach(base, clips(), labels())
    base.write_bytes(flipped(base.read_bytes(), np.random.default_rng(5)))
    with pytest.raises(SignletError, match="is damaged"):
        made.save(tmp_path / "mine.onnx")
    assert not (tmp_path / "mine.onnx").exists()


def test_the_starter_has_one_and_no_note() -> None:
    code = "import signlet; signlet.load('fingerspelling')"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
