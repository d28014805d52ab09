"""Run folders that are damaged, or of another run, are refused in one line."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signlet.calibration.leave_out_runs import run_recipe, run_split
from signlet.cli import main
from signlet.evaluation.predictions import read_predictions, write_predictions
from signlet.model.files import load_model, save_model
from signlet.pack import PackedSet
from signlet.report import write_report
from signlet.runs.metrics import read_metrics
from signlet.training import train
from signlet_testing.clips import Synthetic
from signlet_testing.damaged_runs import TINY, packed, refused, run, whole

__all__ = ["packed", "run", "whole"]


def go_on(run: Path) -> object:
    packed = PackedSet.open(run / "packed")
    return train(TINY, packed, run, [0, 1], resume=True, device="cpu")


SETTINGS = {
    "nothing": "",
    "a list": "- 1\n",
    "no YAML": "a: [",
    "itself": "a: &a [*a]\n",
    "deep": "a: " + "[" * 2_000,
    "rather deep": "a: " + "[" * 150 + "]" * 150,
    "binary": "\x00\x01",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_a_run_are_read_the_same_way(name: str, run: Path) -> None:
    (run / "config.yaml").write_text(SETTINGS[name])
    for read in (go_on, run_recipe, run_split, lambda run: write_report(run, None)):
        refused(lambda read=read: read(run), "config.yaml")


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("seed: 0", "seed: null"),
        ("seed: 0", "seed: x"),
        ("seed: 0", "seed: 1e400"),
        ("name: tiny", "name: [a]"),
        ("name: tiny", "name: ../x"),
        ("optimiser:", "optimisers:"),
        ("num_folds: 4", "num_folds: {a: 1}"),
        ("seed: 0", "seed: 0\nseed: 0"),
    ],
)
def test_a_setting_of_a_run_that_is_damaged(before: str, now: str, run: Path) -> None:
    text = (run / "config.yaml").read_text()
    assert before in text
    (run / "config.yaml").write_text(text.replace(before, now, 1))
    refused(lambda: run_recipe(run), "config.yaml")


@pytest.mark.parametrize("split", ["train", "3", "[val]", "null\nsplit: val"])
def test_a_split_that_no_run_holds_out(split: str, run: Path) -> None:
    with (run / "config.yaml").open("a") as file:
        file.write(f"split: {split}\n")
    refused(lambda: run_split(run), "config.yaml")


PIPES = (
    *("config.yaml", "metrics.csv", "fold-0/metrics.csv", "packed/dataset.json"),
    *("packed/frames.npy", "packed/index.parquet", "predictions.parquet", "fold-0/checkpoint.pt"),
)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("name", PIPES)
def test_a_pipe_in_a_run_keeps_nobody_waiting(name: str, run: Path) -> None:
    (run / name).unlink(missing_ok=True)
    os.mkfifo(run / name)
    reported = name in ("metrics.csv", "predictions.parquet")  # which going on writes anew
    refused(lambda: write_report(run, None) if reported else go_on(run), str(run))


METRICS: dict[str, Callable[[str], str]] = {
    "empty": lambda text: "",
    "no row": lambda text: text.splitlines()[0] + "\n",
    "cut off": lambda text: text[: len(text) // 2],
    "a word": lambda text: text.replace("0,1,", "0,x,", 1),
    "an epoch of infinity": lambda text: text.replace("0,1,", "0,inf,", 1),
    "an epoch missing": lambda text: "".join(text.splitlines(True)[::2]),
    "a time of infinity": lambda text: text.replace("0,1,", "0,1,inf,", 1),
    "a negative time": lambda text: text.replace("0,1,", "0,1,-", 1),
    "a column more": lambda text: text.replace("fold,", "fold,other,", 1),
    "a column less": lambda text: text.replace("seconds,", "", 1),
    "other columns": lambda text: text.replace("seconds", "minutes", 1),
    "cells without end": lambda text: text + "0,3," + "1," * 100 + "\n",
    "a quote": lambda text: text.replace("0,1,", '0,"1,', 1),
    "a NUL": lambda text: text.replace("0,1,", "0,1\0,", 1),
    "a cell without end": lambda text: text + "0,3," + "1" * 200_000 + "\n",
}


@pytest.mark.parametrize("name", METRICS)
def test_the_figures_of_a_fold_that_are_damaged(name: str, run: Path) -> None:
    path = run / "fold-0" / "metrics.csv"
    path.write_text(METRICS[name](path.read_text()))
    refused(lambda: read_metrics(path), "metrics.csv", "train that fold again")
    refused(lambda: go_on(run), "metrics.csv")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", "é".encode("latin-1"), b"\x00" * 100])
def test_figures_that_are_no_text(content: bytes, run: Path) -> None:
    (run / "fold-0" / "metrics.csv").write_bytes(content)
    refused(lambda: read_metrics(run / "fold-0" / "metrics.csv"), "metrics.csv")
    (run / "metrics.csv").write_bytes(content)
    refused(lambda: write_report(run, None), "metrics.csv")


@pytest.mark.parametrize("note", ["3", "[a]", "{a: 1}", "2020-01-01"])
def test_a_note_that_is_no_text_does_not_stop_a_report(note: str, run: Path) -> None:
    with (run / "config.yaml").open("a") as file:
        file.write(f"split: test\nsplit_note: {note}\n")
    assert write_report(run, None).exists()


@pytest.mark.parametrize(
    "about",
    [{"average": "softmax"}, {"runs": 3, "average": "softmax"}, {"runs": [1], "average": "x"},
     {"runs": [{"name": "a"}], "average": "softmax"}, {"runs": [], "average": "softmax"}],
)  # fmt: skip
def test_what_an_ensemble_says_of_its_runs(
    about: dict[str, Any], run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = json.loads((run / "config.json").read_text())
    config["about"]["ensemble"] = about
    (run / "config.json").write_text(json.dumps(config))
    assert main(["calibrate", str(run)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


OTHER = Synthetic(("circle", "line", "zigzag"))


def of_other_signs(run: Path) -> None:
    path = run / "fold-0" / "predictions.parquet"
    parts = read_predictions(path)
    other = {name: replace(part, signs=OTHER.signs) for name, part in parts.items()}
    write_predictions(path, other)


def of_fewer_signs(run: Path) -> None:
    path = run / "fold-0" / "predictions.parquet"
    part = next(iter(read_predictions(path).values()))
    half = np.full((len(part.names), 2), 0.5, np.float32)
    fewer = replace(part, signs=part.signs[:2], probabilities=half, labels=part.labels % 2)
    write_predictions(path, dict.fromkeys(read_predictions(path), fewer))


def of_fewer_models(run: Path) -> None:
    path = run / "fold-0" / "predictions.parquet"
    write_predictions(path, {"soup": read_predictions(path)["soup"]})


def of_another_fold(run: Path) -> None:
    shutil.copy(run / "fold-1" / "predictions.parquet", run / "fold-0")


def a_model_of_other_signs(run: Path) -> None:
    path = run / "fold-0" / "soup"
    file = load_model(path)
    save_model(path, file.members, OTHER.signs, file.about)


@pytest.mark.parametrize(
    "damage",
    [of_other_signs, of_fewer_signs, of_fewer_models, of_another_fold, a_model_of_other_signs],
)
def test_what_is_of_another_run_is_not_joined(damage: Callable[[Path], None], run: Path) -> None:
    before = (run / "config.json").read_bytes()
    damage(run)
    refused(lambda: go_on(run))
    assert (run / "config.json").read_bytes() == before
