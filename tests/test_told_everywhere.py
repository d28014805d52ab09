"""--names and --columns wherever a command takes clips; remarks of recognise as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signlet.cli import main
from signlet.pack import pack
from signlet.sources import open_source
from signlet_testing import miniatures as mini
from signlet_testing.clips import moving_hand
from signlet_testing.recipes import SMALL

NAMES = "{sign}_{signer}_{n}"


@pytest.fixture(scope="module")
def loose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips whose names tell sign and signer, all in one folder; and a table of them."""
    folder = tmp_path_factory.mktemp("loose") / "clips"
    folder.mkdir()
    rows: list[tuple[str, ...]] = [("Datei", "Wort")]
    for number, sign in enumerate(("circle", "line", "wave")):
        for signer, who in enumerate(("anna", "ben", "chris", "dana")):
            name = f"{sign}_{who}_1.npz"
            np.savez_compressed(folder / name, landmarks=moving_hand(number, signer, 0))
            rows.append((name, sign))
    mini.table(folder / "list.csv", rows)
    return folder


@pytest.fixture(scope="module")
def run(loose: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "own"
    data = ["--data", str(loose), "--names", NAMES, "--run", str(folder), "--jobs", "1"]
    assert main(["train", *data, *SMALL]) == 0
    return folder


TOLD = {
    "names": ("{}", "--names", NAMES),
    "columns": ("{}/list.csv", "--columns", "path=Datei,sign=Wort"),
    "both": ("{}/list.csv", "--columns", "path=Datei,sign=Wort", "--names", "{any}_{signer}_{n}"),
}


@pytest.mark.parametrize("told", TOLD)
def test_evaluate_and_calibrate_understand_what_is_told(
    told: str, run: Path, loose: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where, *flags = (text.replace("{}", str(loose)) for text in TOLD[told])
    assert main(["evaluate", str(run), "--data", where, *flags, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"]["clips"] == 12
    # all of them are known here, which is said after they were found
    assert main(["calibrate", str(run), "--unknown", where, *flags]) == 2
    assert "knows the signs of all 12 clips" in capsys.readouterr().err


@pytest.mark.parametrize("told", TOLD)
def test_tune_and_export_understand_what_is_told(
    told: str, run: Path, loose: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna")
    where, *flags = (text.replace("{}", str(loose)) for text in TOLD[told])
    seen: list[Any] = []
    monkeypatch.setattr("signlet.cli.tune.tune", lambda search, *_, **__: seen.append(search))
    monkeypatch.setattr("signlet.cli.tune.write_result", lambda *_: None)
    monkeypatch.setattr("signlet.cli.tune.print_result", lambda *_: None)
    study = ["--study", str(tmp_path / "t.db"), "--jobs", "1"]
    assert main(["tune", "--data", where, *flags, *study]) == 0
    assert seen[0].packed.signs == ("circle", "line", "wave")
    assert set(seen[0].packed.signers) == ({""} if told == "columns" else WHO)
    exported: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "signlet.cli.export.export_ensemble", lambda *_, **given: exported.append(given)
    )
    monkeypatch.setattr("signlet.cli.export._print", lambda *_: None)
    assert main(["export", str(run), "--clips", where, *flags, "-o", str(tmp_path / "out")]) == 0
    assert len(exported[0]["clips"]) == 12


WHO = {"anna", "ben", "chris", "dana"}


@pytest.mark.parametrize("flag", [("--names", NAMES), ("--columns", "path=a,sign=b")])
def test_what_is_told_of_no_clips_or_of_packed_ones_is_refused(
    flag: tuple[str, str],
    run: Path,
    loose: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("optuna")
    packed = tmp_path / "packed"
    pack(open_source(loose, names=NAMES), packed, 16, jobs=1)
    for command in (["evaluate", str(run)], ["calibrate", str(run)], ["export", str(run)]):
        assert main([*command, *flag]) == 2
        assert f"{flag[0]} {flag[1]}: describes the clips of" in capsys.readouterr().err
    for command in (
        ["evaluate", str(run), "--data"],
        ["calibrate", str(run), "--unknown"],
        ["calibrate", str(run), "--data"],
        ["tune", "--study", str(tmp_path / "t.db"), "--data"],
        ["inspect"],
        ["train", "--run", str(tmp_path / "run"), "--data"],
    ):
        assert main([*command, str(packed), *flag]) == 2
        assert "is packed already; give this flag to signlet pack" in capsys.readouterr().err


# --- recognise --json ---------------------------------------------------------------------


def test_json_has_what_is_wrong_with_each_clip(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = np.asarray(moving_hand(0, 0, 0), np.float32)
    zeros, handless = good.copy(), good.copy()
    left = slice(468, 489)
    zeros[:, left] = 0
    handless[:, left], handless[:, 522:] = np.nan, np.nan
    clips = {
        "zeros": (zeros, "zeros treated as not found"),
        "handless": (handless, "no hand was found in any frame, so the answer means nothing"),
        "long": (np.tile(good, (30, 1, 1)), "was taken as one sign"),
    }
    for name, (frames, _) in clips.items():
        np.savez(tmp_path / f"{name}.npz", landmarks=frames, fps=25.0)
    np.savez(tmp_path / "good.npz", landmarks=good, fps=25.0)
    given = [str(tmp_path / f"{name}.npz") for name in (*clips, "good")]
    capsys.readouterr()
    assert main(["recognise", str(run), *given, "--json"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for answer, (_, words) in zip(answers, clips.values(), strict=False):
        assert any(words in remark for remark in answer["remarks"]), answer
    assert not any("hand" in one or "as one sign" in one for one in answers[-1]["remarks"])
