"""Recipes, run folders, packed sets and studies that somebody or something has damaged: one line.

The fuzzer (`test_fuzz.py`) damages them at random; here are the faults that have a name.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signlet.calibration.leave_out_runs import run_recipe, run_split
from signlet.cli import main
from signlet.errors import SignletError
from signlet.evaluation.folds import signer_folds
from signlet.evaluation.predictions import read_predictions, write_predictions
from signlet.model.files import load_model, save_model
from signlet.pack import PackedSet, pack
from signlet.report import write_report
from signlet.runs.metrics import read_metrics
from signlet.sources import ClipRef
from signlet.training import train
from signlet.training.checkpoint import load_checkpoint
from signlet.training.fold import CHECKPOINT, FoldTraining
from signlet.training.progress import Silent
from signlet.training.recipes import load_recipe, recipe_names
from signlet.training.settings import OptimiserSettings
from signlet_testing import recipes
from signlet_testing.clips import Synthetic
from signlet_testing.recipes import SIZE

TINY = replace(recipes.TINY, optimiser=OptimiserSettings(epochs=2, batch_size=6))


def refused(act: Callable[[], object], *words: str) -> str:
    """One short line of ours, with these words in it."""
    with pytest.raises(SignletError) as caught:
        act()
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert 10 < len(message) < 1_700
    for word in words:
        assert word in message
    return message


# --- recipes -------------------------------------------------------------------------------

BOMB = b"a: &a [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n" % (i, i, *[i - 1] * 8)
    for i in range(98, 106)
)
NO_YAML = {
    "nothing": b"",
    "a number": b"3",
    "a list": b"- 1",
    "two documents": b"seed: 1\n---\nseed: 2\n",
    "a tab": b"optimiser:\n\tepochs: 3\n",
    "an open bracket": b"seed: [",
    "UTF-16": "seed: 1\n".encode("utf-16"),
    "Latin-1": "name: été\n".encode("latin-1"),
    "a NUL": b"name: a\x00b\n",
    "half a character": b'name: "\\ud800"\n',
    "lists in lists": b"seed: " + b"[" * 3_000 + b"]" * 3_000,
    "maps in maps": b"seed: " + b"{a: " * 500 + b"1" + b"}" * 500,
    "aliases of aliases": BOMB + b"name: *i\n",
    "an alias of itself": b"a: &a [*a]\n",
    "a map in itself": b"optimiser: &a {epochs: 3, b: *a}\n",
    "an alias of nothing": b"seed: *a\n",
    "merges of merges": b"a: &a {x: 1}\nb: &b {<<: [*a, *a]}\nc: {<<: [*b, *b, *b]}\n",
    "an object of Python": b"name: !!python/object/apply:os.getcwd []\n",
    "a set": b"name: !!set {a}\n",
    "bytes": b"name: !!binary aGVsbG8=\n",
    "a number as key": b"1: 2\n",
    "null as key": b"null: 2\n",
    "a list as key": b"? [1]\n: 2\n",
    "a setting twice": b"seed: 1\nseed: 2\n",
    "a setting twice in a section": b"optimiser: {epochs: 1, epochs: 2}\n",
    "a whole number without end": b"seed: " + b"9" * 5_000,
    "a date that is none": b"name: 2020-13-45\n",
    "a megabyte": b"seed: 1 #" + b"x" * 1_000_000,
}
NO_SETTINGS = {
    "an empty section": (b"optimiser:\n", "optimiser has no value"),
    "null": (b"soup_epochs: null\n", "soup_epochs has no value"),
    "null in a section": (b"student: {widths: null}\n", "student.widths has no value"),
    "a tilde": (b"name: ~\n", "name has no value"),
    "a number for a section": (b"optimiser: 3\n", "optimiser is 3"),
    "a list for a section": (b"augment: [1]\n", "augment is [1]"),
    "a path for a section": (b"optimiser: /etc/passwd\n", "optimiser is /etc/passwd"),
    "a section for a number": (b"seed: {a: 1}\n", "seed is"),
    "an unknown setting": (b"foo: 1\n", "foo is no setting"),
    "a misspelt one": (b"optimiser: {epoch: 1}\n", "did you mean epochs"),
    "another recipe": (b"recipe: small\n", "recipe is no setting"),
    "a class": (b"loss: {class_path: os.system}\n", "loss.class_path is no setting"),
    "NaN": (b"optimiser: {learning_rate: .nan}\n", "learning_rate"),
    "infinity": (b"mixup: {end: .inf}\n", "mixup.end"),
    "minus infinity": (b"augment: {max_degrees: -.inf}\n", "max_degrees"),
    "a learning rate of 400 digits": (b"optimiser: {learning_rate: " + b"9" * 400 + b"}\n", ""),
    "400 digits": (b"soup_epochs: " + b"9" * 400, "soup_epochs"),
    "a seed of 65 bits": (b"seed: 18446744073709551616\n", "seed"),
    "a seed of 64 bits": (b"seed: 9223372036854775808\n", "seed"),
    "a negative seed": (b"seed: -1\n", "seed is -1"),
    "a seed with a point": (b"seed: 1.5\n", "seed"),
    "a word for a number": (b"seed: abc\n", "give a whole number"),
    "yes for a number": (b"seed: yes\n", "seed"),
    "negative epochs": (b"optimiser: {epochs: -3}\n", "optimiser.epochs is -3"),
    "a negative weight": (b"teacher: {weight: -1}\n", "teacher.weight is -1"),
    "a negative norm": (b"optimiser: {clip_norm: -1}\n", "optimiser.clip_norm is -1"),
    "no folds": (b"num_folds: 0\n", "num_folds is 0"),
    "a width that no file may have": (b"student: {dense: 100000}\n", "student.dense is 100000"),
    "clips without end": (b"packing: {max_len: 1000000000000}\n", "packing.max_len"),
    "a batch without end": (b"optimiser: {batch_size: 1000000000000}\n", "batch_size"),
    "too few widths": (b"student: {widths: [1, 2]}\n", "student.widths"),
    "a name that leaves the folder": (b"name: ../../x\n", "a name that a folder can have"),
    "a name of a folder": (b"name: /etc\n", "a name that a folder can have"),
    "a name of another drive": (b"name: c:\\x\n", "a name that a folder can have"),
    "no name": (b"name: ''\n", "a name that a folder can have"),
    "a name of two lines": (b'name: "a\\nb"\n', "a name that a folder can have"),
    "a very long name": (b"name: " + b"a" * 9_000, "a name that a folder can have"),
}


@pytest.mark.parametrize("name", NO_YAML)
def test_what_is_no_yaml_is_refused_with_the_files_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(NO_YAML[name])
    refused(lambda: load_recipe(str(path)), "recipe.yaml")


@pytest.mark.parametrize("name", NO_SETTINGS)
def test_what_no_setting_can_be_is_refused_with_its_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    content, word = NO_SETTINGS[name]
    path.write_bytes(content)
    refused(lambda: load_recipe(str(path)), word)


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfseed: 7\n", b"seed: 7\r\n", b"seed: 0x7\n"])
def test_a_recipe_of_another_editor_is_read(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_bytes(content)
    assert load_recipe(str(tmp_path / "recipe.yaml")).seed == 7


def test_anchors_that_a_person_would_write_are_read(tmp_path: Path) -> None:
    text = "student: &size {dense: 8, widths: [16, 24, 24, 16], heads: 4}\ndistilled: *size\n"
    (tmp_path / "recipe.yaml").write_text(text)
    recipe = load_recipe(str(tmp_path / "recipe.yaml"))
    assert recipe.student == recipe.distilled == SIZE


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_of_signlet_are_read(name: str) -> None:
    assert load_recipe(name).name == name


@pytest.mark.parametrize(
    "flags",
    [
        ["--optimiser", "null"],
        ["--optimiser", "3"],
        ["--student", "[]"],
        ["--soup_epochs", "null"],
        ["--seed", "9" * 5_000],
        ["--seed", "9" * 400],
        ["--name", "[" * 4_000],
        ["--optimiser.learning_rate", "9" * 400],
        ["--student.widths", "null"],
        ["--augment", "{"],
        ["--recipe", "small", "--recipe", "nothing-is-here.yaml"],
    ],
)
def test_flags_with_such_values_are_one_line(
    flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--data", "nothing-is-here", *flags]) == 2
    error = capsys.readouterr().err
    assert error.startswith("signlet: ")
    assert error.count("\n") == 1
    assert "nothing-is-here:" not in error  # the flag is what is said first


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.dates()
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["seed", "name", "optimiser", "student", "fits", "augment", "epochs", "widths", "x", "loss"]
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES), max_size=4))
def test_whatever_values_it_holds_a_recipe_is_one_or_refused(
    content: dict[str, Any], tmp_path: Path
) -> None:
    import yaml

    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8", "surrogatepass")
    try:
        recipe = load_recipe(str(path))
    except SignletError:
        return
    assert isinstance(recipe.seed, int)
    assert isinstance(recipe.optimiser, OptimiserSettings)


def test_a_recipe_in_python_is_held_to_the_same_bounds() -> None:
    refused(lambda: replace(TINY, seed=2**70), "seed")
    refused(lambda: replace(TINY, name="../x"), "name")
    nan = OptimiserSettings(learning_rate=float("nan"))
    refused(lambda: replace(TINY, optimiser=nan), "optimiser.learning_rate")
    refused(lambda: replace(TINY, student=replace(SIZE, dense=9_000)), "student.dense")


# --- run folders ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two folds with its packed clips."""
    run = tmp_path_factory.mktemp("run") / "run"
    packed = pack(Synthetic(), run / "packed", 12, jobs=1)
    train(TINY, packed, run, [0, 1], device="cpu")
    return run


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


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


# --- checkpoints ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stopped(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fold after its first epoch."""
    training = fold_training(whole, tmp_path_factory.mktemp("fold"))
    training._run_epoch(Silent(), lambda: False)
    training.save()
    return training.folder / CHECKPOINT


def fold_training(run: Path, folder: Path) -> FoldTraining:
    packed = PackedSet.open(run / "packed")
    plan = signer_folds(packed.labels, packed.signers, 4)
    return FoldTraining(TINY, packed, plan.training(0), plan.held_out(0), folder)


JUNK = {
    "nothing": b"",
    "text": b"junk",
    "zeros": bytes(1_000),
    "a zip of nothing": b"PK\x05\x06" + bytes(18),
    "a pickle": b"\x80\x02c__builtin__\neval\n.",
}


@pytest.mark.parametrize("name", JUNK)
def test_a_checkpoint_of_junk(name: str, whole: Path, tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(JUNK[name])
    refused(lambda: fold_training(whole, tmp_path).resume(), CHECKPOINT, "start this fold again")


def test_a_checkpoint_with_one_other_weight_is_not_gone_on_from(
    stopped: Path, tmp_path: Path
) -> None:
    """torch would load it: it does not look at the archive's checksums."""
    content = bytearray(stopped.read_bytes())
    with zipfile.ZipFile(stopped) as archive:
        tensors = [entry for entry in archive.infolist() if "/data/" in entry.filename]
    largest = max(tensors, key=lambda entry: entry.file_size)
    content[largest.header_offset + 200] ^= 0x40
    (tmp_path / CHECKPOINT).write_bytes(content)
    torch.load(tmp_path / CHECKPOINT, weights_only=True)
    refused(lambda: load_checkpoint(tmp_path / CHECKPOINT), "is damaged")


def test_a_checkpoint_whose_weights_changed_places_is_not_gone_on_from(
    stopped: Path, tmp_path: Path
) -> None:
    """Each piece of the archive is whole, and torch asks no more."""
    path = tmp_path / CHECKPOINT
    with zipfile.ZipFile(stopped) as archive, zipfile.ZipFile(path, "w") as changed:
        pieces = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        a, b = two_weights(pieces)
        for name, content in (pieces | {a: pieces[b], b: pieces[a]}).items():
            changed.writestr(name, content)
    torch.load(path, weights_only=True)
    refused(lambda: load_checkpoint(path), "is damaged")


def two_weights(pieces: dict[str, bytes]) -> tuple[str, str]:
    """Pieces of one size that hold other bytes."""
    by_size: dict[int, str] = {}
    for name, content in pieces.items():
        other = by_size.setdefault(len(content), name)
        if "/data/" in name and pieces[other] != content:
            return other, name
    raise AssertionError("the checkpoint has no two weights of one size")


def test_a_checkpoint_without_a_checksum_is_gone_on_from(stopped: Path, tmp_path: Path) -> None:
    """As an older signlet wrote them."""
    state = load_checkpoint(stopped)
    torch.save(state, tmp_path / CHECKPOINT)
    assert load_checkpoint(tmp_path / CHECKPOINT).keys() == state.keys()


CHANGES: dict[str, dict[str, Any]] = {
    "no weights": {"task": {}},
    "weights of nothing": {"task": 3},
    "no optimisers": {"optimisers": {}},
    "an epoch of text": {"epoch": "one"},
    "an epoch beyond the last": {"epoch": 99},
    "a negative epoch": {"epoch": -1},
    "a step beyond the last": {"step": 10**9},
    "figures of too many epochs": {"metrics": []},
    "figures of nothing": {"metrics": [{"a": 1}]},
    "sums of nothing": {"sums": [1]},
    "no soup": {"soup": {}},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_checkpoint_that_does_not_fit(
    name: str, stopped: Path, whole: Path, tmp_path: Path
) -> None:
    torch.save({**load_checkpoint(stopped), **CHANGES[name]}, tmp_path / CHECKPOINT)
    refused(lambda: fold_training(whole, tmp_path).resume(), CHECKPOINT, "start this fold again")


# --- packed sets ---------------------------------------------------------------------------


@pytest.fixture
def packed(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole / "packed", tmp_path / "packed"))


HEADERS: dict[str, dict[str, Any]] = {
    "clips without end": {"clips": 10**400},
    "frames without end": {"frames": 10**30},
    "negative frames": {"frames": -1},
    "frames of text": {"frames": "many"},
    "frames with a point": {"frames": 12.0},
    "true": {"clips": True},
    "settings of nothing": {"settings": None},
    "settings of a list": {"settings": [1]},
    "one more entry": {"other": 1},
}
PACKINGS: dict[str, dict[str, Any]] = {
    "signs of nothing": {"signs": None},
    "a sign of half a character": {"signs": ["\ud800", "b", "c"]},
    "a sign of two lines": {"signs": ["a\nb", "b", "c"]},
    "a sign of no text": {"signs": [1, 2, 3]},
    "the same sign twice": {"signs": ["a", "a", "b"]},
    "clips without end": {"max_len": 10**15},
    "clips of nothing": {"max_len": 0},
    "another type": {"dtype": "int8"},
    "a source of half a character": {"source": "\udcff"},
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_of_a_packed_set(name: str, packed: Path) -> None:
    path = packed / "dataset.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **HEADERS[name]}))
    refused(lambda: PackedSet.open(packed), "packed")


@pytest.mark.parametrize("name", PACKINGS)
def test_settings_of_a_packed_set(name: str, packed: Path) -> None:
    path = packed / "dataset.json"
    header = json.loads(path.read_text())
    header["settings"] |= PACKINGS[name]
    path.write_text(json.dumps(header))
    refused(lambda: PackedSet.open(packed), "dataset.json")


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"3", b"null", b"\xff", b"[" * 50_000, b'{"a": ' * 5_000, b"{" + b"1" * 5_000],
)
def test_a_header_that_is_none(content: bytes, packed: Path) -> None:
    (packed / "dataset.json").write_bytes(content)
    refused(lambda: PackedSet.open(packed), "dataset.json")


def _npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


FRAMES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda whole: b"",
    "text": lambda whole: b"junk",
    "cut off": lambda whole: whole[:-1],
    "too long": lambda whole: whole + b"\0",
    "no header": lambda whole: whole[:10],
    "a header of nothing": lambda whole: _npy("{}"),
    "a header that is no Python": lambda whole: _npy("{'descr': (((("),
    "a shape without end": lambda whole: whole.replace(b"100", b"9" * 3),
    "a shape of 400 digits": lambda whole: _npy(
        "{'descr':'<f4','fortran_order':False,'shape':(" + "9" * 400 + ",100,3)}"
    ),
    "columns first": lambda whole: whole.replace(b"order': False", b"order': True "),
    "another type": lambda whole: whole.replace(b"<f4", b">f4"),
    "objects": lambda whole: whole.replace(b"<f4", b"|O "),
    "an archive": lambda whole: _archive(whole),
}  # fmt: skip


def _archive(whole: bytes) -> bytes:
    file = io.BytesIO()
    np.savez(file, np.zeros(3))
    return file.getvalue()


@pytest.mark.parametrize("name", FRAMES)
def test_frames_of_a_packed_set(name: str, packed: Path) -> None:
    path = packed / "frames.npy"
    path.write_bytes(FRAMES[name](path.read_bytes()))
    refused(lambda: PackedSet.open(packed), "frames.npy")


def _changed(table: pa.Table, column: str, values: list[Any]) -> pa.Table:
    at = table.column_names.index(column)
    return table.set_column(
        at, table.schema.field(at), pa.array(values, table.schema.field(at).type)
    )


def _not_utf8(table: pa.Table) -> pa.Table:
    bad = pa.array([b"\xff\xfe"] * len(table), pa.binary()).view(pa.string())
    return table.set_column(0, table.schema.field(0), bad)


INDEXES: dict[str, Callable[[pa.Table], pa.Table]] = {
    "names that are no text": _not_utf8,
    "no names": lambda t: _changed(t, "name", [None] * len(t)),
    "no labels": lambda t: _changed(t, "label", [None] * len(t)),
    "a label beyond the signs": lambda t: _changed(t, "label", [99] * len(t)),
    "a label below unknown": lambda t: _changed(t, "label", [-2] * len(t)),
    "offsets beyond the frames": lambda t: _changed(t, "offset", [1 << 62] * len(t)),
    "negative offsets": lambda t: _changed(t, "offset", [-1] * len(t)),
    "clips that overlap": lambda t: _changed(t, "offset", [0] * len(t)),
    "clips of nothing": lambda t: _changed(t, "length", [0] * len(t)),
    "clips without end": lambda t: _changed(t, "length", [1 << 62] * len(t)),
    "a clip less": lambda t: t.slice(1),
    "a clip twice": lambda t: pa.concat_tables([t, t.slice(0, 1)]),
    "no clips": lambda t: t.slice(0, 0),
    "a column less": lambda t: t.drop_columns(["split"]),
    "another type": lambda t: t.set_column(3, "label", pa.array([0.0] * len(t))),
}


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_of_a_packed_set(name: str, packed: Path) -> None:
    table = INDEXES[name](pq.read_table(packed / "index.parquet"))
    pq.write_table(table, packed / "index.parquet")
    refused(lambda: PackedSet.open(packed), "index.parquet")


def test_a_bit_of_an_index_is_noticed(packed: Path) -> None:
    """Labels and names of an index are not used where one has changed on the disk."""
    path = packed / "index.parquet"
    whole = path.read_bytes()
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    for at in range(column.total_compressed_size - 30, column.total_compressed_size):
        content = bytearray(whole)
        content[column.file_offset + at if column.file_offset else 4 + at] ^= 1
        path.write_bytes(content)
        refused(lambda: PackedSet.open(packed), "index.parquet")


def test_a_damaged_shard_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from signlet.pack import writer

    monkeypatch.setattr(writer, "merge", _killed)
    with pytest.raises(KeyboardInterrupt):
        pack(Synthetic(), tmp_path / "out", 12, jobs=1)
    monkeypatch.undo()
    for name in ("000000.parquet", "000000.frames"):
        path = tmp_path / "out" / "shards" / name
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        refused(lambda: pack(Synthetic(), tmp_path / "out", 12, jobs=1), "000000.parquet")
        path.write_bytes(content)
    assert len(pack(Synthetic(), tmp_path / "out", 12, jobs=1)) == 24


def _killed(*given: object) -> None:
    raise KeyboardInterrupt


NO_SIGNS = [("\ud800", "b", "c"), ("a\nb", "b", "c"), (1, 2, 3), ("a", "a", "b"), ("", "b", "c")]


@pytest.mark.parametrize("signs", NO_SIGNS)
def test_signs_that_are_no_names_are_neither_packed_nor_saved(
    signs: tuple[Any, ...], whole: Path, tmp_path: Path
) -> None:
    refused(lambda: pack(Synthetic(signs), tmp_path / "out", 12, jobs=1))
    members = load_model(whole).members
    refused(lambda: save_model(tmp_path / "out", members, signs, {}))
    assert not (tmp_path / "out").exists()


def test_a_model_is_saved_with_as_many_signs_as_it_has(whole: Path, tmp_path: Path) -> None:
    members = load_model(whole).members
    refused(lambda: save_model(tmp_path / "out", members, ("a", "b"), {}), "2 signs")


def test_predictions_of_a_name_that_no_file_can_hold(whole: Path, tmp_path: Path) -> None:
    soup = read_predictions(whole / "predictions.parquet")["soup"]
    odd = replace(soup, names=[f"{name}\udcff" for name in soup.names])
    refused(lambda: write_predictions(tmp_path / "p.parquet", {"soup": odd}), "p.parquet")


class Twice(Synthetic):
    def refs(self) -> list[ClipRef]:
        return super().refs() + super().refs()[:1]


def test_a_clip_that_is_listed_twice_is_not_packed(tmp_path: Path) -> None:
    refused(lambda: pack(Twice(), tmp_path / "out", 12, jobs=1), "twice")


@pytest.mark.parametrize("name", ["", " ", "\0", "a" * 5_000, "\udcff", ".", "small\n"])
def test_a_recipe_of_no_name(name: str) -> None:
    refused(lambda: load_recipe(name), "no such file")


@pytest.mark.parametrize("max_len", [1, 0, -5, 9_000, 10**12])
def test_a_set_that_no_model_could_read_is_not_packed(max_len: int, tmp_path: Path) -> None:
    refused(lambda: pack(Synthetic(), tmp_path / "out", max_len, jobs=1), f"max_len is {max_len}")
    assert not (tmp_path / "out").exists()


# --- studies -------------------------------------------------------------------------------

STUDY = {
    "a value of text": "UPDATE trial_values SET value = 'x'",
    "a state that is none": "UPDATE trials SET state = 'ODD'",
    "a time that is none": "UPDATE trials SET datetime_start = 'x'",
    "parameters of other names": "UPDATE trial_params SET param_name = 'x' || param_id",
    "distributions of nothing": "UPDATE trial_params SET distribution_json = '{'",
    "distributions of a list": "UPDATE trial_params SET distribution_json = '[]'",
    "no parameters": "DELETE FROM trial_params",
    "what it is about": "UPDATE study_user_attributes SET value_json = '{'",
    "about a list": "UPDATE study_user_attributes SET value_json = '[1]'",
    "a value beyond the space": "UPDATE trial_params SET param_value = 1e9",
    "a score of infinity": "UPDATE trial_values SET value = NULL, value_type = 'INF_POS'",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("optuna")
    from signlet.tune import DEFAULT_SPACE
    from signlet.tune.study import ask, open_study, tell

    path = tmp_path_factory.mktemp("study") / "study.db"
    opened = open_study(path, {"data": "0"})
    for place in range(2):
        tell(opened, ask(opened, DEFAULT_SPACE, TINY, place), 0.5, "")
    return path


@pytest.mark.parametrize("name", STUDY)
def test_a_study_that_is_damaged(name: str, study: Path, tmp_path: Path) -> None:
    from signlet.tune import DEFAULT_SPACE
    from signlet.tune.study import finished, open_study, usable

    path = Path(shutil.copy(study, tmp_path))
    with sqlite3.connect(path) as database:
        database.execute(STUDY[name])
    database.close()

    def read() -> None:
        opened = open_study(path, {"data": "0"})
        with usable(path):
            finished(opened, DEFAULT_SPACE)

    refused(read, "study.db")


@pytest.mark.parametrize("content", [b"junk" * 900, b"SQLite format 3\0" + bytes(4_000)])
def test_a_study_of_junk(content: bytes, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    from signlet.tune.study import open_study

    (tmp_path / "study.db").write_bytes(content)
    refused(lambda: open_study(tmp_path / "study.db", {}), "study.db")
