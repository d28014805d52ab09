"""Damaged or odd recipes are refused in one line that names the setting, or read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signlet.cli import main
from signlet.errors import SignletError
from signlet.training.recipes import load_recipe, recipe_names
from signlet.training.settings import OptimiserSettings
from signlet_testing.damaged_runs import TINY, refused
from signlet_testing.recipes import SIZE

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
    "an unknown setting": (b"foo: 1\n", "foo is not a setting"),
    "a misspelt one": (b"optimiser: {epoch: 1}\n", "did you mean epochs"),
    "another recipe": (b"recipe: small\n", "recipe is not a setting"),
    "a class": (b"loss: {class_path: os.system}\n", "loss.class_path is not a setting"),
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
