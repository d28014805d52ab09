"""The ablation: its variants are what they say, no training is done twice, its sums are right."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml
from rich.console import Console

from benchmarks.accuracy import ablation
from benchmarks.accuracy.ablation_plan import base_recipe, effective, plan
from benchmarks.accuracy.ablation_report import draw, markdown
from benchmarks.accuracy.ablation_results import (
    Comparison,
    Job,
    add_row,
    check_settings,
    claim,
    lock,
    read_rows,
    standard_error,
)
from benchmarks.accuracy.ablation_variants import BASE, CODE, VARIANTS, WRITE_UP, Variant, choose
from benchmarks.environment import ROOT
from signlet.errors import SignletError
from signlet.pack import PackedSet
from signlet.training import train
from signlet.training.recipes import load_recipe
from signlet.training.settings import PackingSettings
from signlet_testing import recipes

QUIET = Console(quiet=True)
TINY = replace(recipes.TINY, optimiser=replace(recipes.TINY.optimiser, epochs=2))
JOBS = [Job("letters", name, 0, seed, 3) for seed in (0, 1) for name in (BASE, "no-ousm")]


def job_number(job: Job) -> float:
    return JOBS.index(job) / 10


# --- variants -----------------------------------------------------------------------------


def test_every_variant_changes_a_recipe_in_the_settings_it_names() -> None:
    recipes = [load_recipe(name) for name in ("demo", "asl-signs-25", "small-conv")]
    for variant in VARIANTS[1:]:
        assert not all(variant.changes_nothing(recipe) for recipe in recipes), variant.name
        for recipe in recipes:
            before, after = _flat(asdict(recipe)), _flat(asdict(variant.of(recipe)))
            differing = {name for name in before if before[name] != after[name]}
            assert differing <= set(variant.changes), variant.name
            assert all(after[name] == value for name, value in variant.changes.items())


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    return {
        name: value
        for key, item in settings.items()
        for name, value in (
            _flat(item, f"{prefix}{key}.") if isinstance(item, dict) else {prefix + key: item}
        ).items()
    }


def test_names_are_unique_and_the_base_is_the_recipe() -> None:
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)
    assert VARIANTS[0].name == BASE
    assert VARIANTS[0].of(TINY) == TINY
    assert not VARIANTS[0].changes_nothing(TINY)


def test_a_variant_that_changes_nothing_is_left_out() -> None:
    falling = replace(TINY, mixup=replace(TINY.mixup, schedule="falling"))
    names = {v.name for v in effective(list(VARIANTS), falling, QUIET)}
    assert "mixup-falling" not in names
    assert "mixup-rising" in names
    assert "no-crop" not in names, "clips of 12 frames are never cropped"
    long = replace(TINY, packing=PackingSettings(max_len=32))
    assert "no-crop" in {v.name for v in effective(list(VARIANTS), long, QUIET)}


def test_both_sides_of_each_contradiction_are_there() -> None:
    settings = {
        side: {tuple(v.changes) for v in VARIANTS if v.side == side} for side in (WRITE_UP, CODE)
    }
    assert settings[WRITE_UP] == settings[CODE]
    assert ("mixup.schedule",) in settings[CODE]
    assert any("student.encoder_dropout" in names for names in settings[CODE])


@pytest.mark.parametrize("name", ["loss.osum", "student.widht", "pictures.flip"])
def test_a_setting_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(SignletError, match=name):
        Variant("wrong", "", "", {name: 0}).of(TINY)


def test_the_page_names_every_variant() -> None:
    page = (ROOT / "docs" / "ablation.md").read_text(encoding="utf-8")
    assert {v.name for v in VARIANTS[1:]} <= set(re.findall(r"`([a-z0-9.-]+)`", page))


def test_the_base_always_comes_along() -> None:
    assert [v.name for v in choose(["no-teacher", "no-mixup"])] == [BASE, "no-mixup", "no-teacher"]
    with pytest.raises(SignletError, match="no-mixpu"):
        choose(["no-mixpu"])


# --- jobs ---------------------------------------------------------------------------------


def planned(*arguments: str) -> list[Job]:
    given = ablation.parse([*arguments, "--words", "nowhere", "--variants", "no-mixup"])
    return plan(given, load_recipe("demo"), QUIET)


def test_the_presets_choose_folds_and_seeds() -> None:
    screen, confirm = planned("--screen"), planned("--confirm")
    assert {(job.fold, job.seed) for job in screen} == {(0, 0), (0, 1)}
    assert {(j.fold, j.seed) for j in confirm} == {(f, s) for f in range(4) for s in range(3)}
    assert len(confirm) == 24
    assert {job.set for job in screen} == {"letters"}, "words are left out where they are not"
    assert {job.fold for job in planned("--confirm", "--folds", "2")} == {2}


def test_the_base_has_other_epochs_on_each_set(tmp_path: Path) -> None:
    for options, epochs in (([], {("letters", 40), ("words", 24)}), (["--epochs", "7"], {7})):
        given = ablation.parse(["--words", str(tmp_path), "--variants", "no-mixup", *options])
        jobs = plan(given, base_recipe(given), QUIET)
        found = {job.epochs if options else (job.set, job.epochs) for job in jobs}
        assert found == epochs


def test_what_cannot_be_planned_is_refused() -> None:
    with pytest.raises(SignletError, match="--folds"):
        planned("--folds", "4")
    with pytest.raises(SignletError, match="--words"):
        planned("--sets", "words")


class Killed(BaseException):
    """Stands for the end of the process."""


def test_a_resumed_run_does_not_repeat_jobs(tmp_path: Path) -> None:
    table, done = tmp_path / "a.csv", []

    def training(job: Job) -> dict[str, Any]:
        if len(done) == 2:
            raise Killed
        done.append(job)
        return {"soup": job_number(job)}

    with pytest.raises(Killed):
        ablation.work_through(JOBS, table, training, QUIET)
    assert len(read_rows(table)) == 2
    more: list[Job] = []
    ablation.work_through(JOBS, table, lambda job: more.append(job) or {"soup": 1}, QUIET)
    assert [*done, *more] == JOBS
    ablation.work_through(JOBS, table, lambda job: pytest.fail("done already"), QUIET)
    assert [row["seed"] for row in read_rows(table)] == ["0", "0", "1", "1"]


def test_a_training_that_fails_stops_no_other_and_is_tried_again(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"

    def training(job: Job) -> dict[str, Any]:
        if job == JOBS[1]:
            raise SignletError("loss is not a number")
        return {"soup": job_number(job)}

    with pytest.raises(SignletError, match=JOBS[1].name):
        ablation.work_through(JOBS, table, training, QUIET)
    assert len(read_rows(table)) == 3
    assert ablation.remaining(JOBS, table) == [JOBS[1]]


def test_a_job_in_other_hands_is_left_alone(tmp_path: Path) -> None:
    table, done = tmp_path / "a.csv", []
    with lock(table, JOBS[0].name):
        ablation.work_through(JOBS, table, lambda job: done.append(job) or {"soup": 1}, QUIET)
    assert done == JOBS[1:]


def test_a_job_that_another_process_has_ended_meanwhile_is_left_alone(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    with claim(table, JOBS[0]) as ours:
        assert ours
        add_row(table, asdict(JOBS[0]) | {"soup": 1})
    with claim(table, JOBS[0]) as ours:
        assert not ours


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    holds = lock(table, JOBS[0].name).lock_file
    code = (
        "import sys; from filelock import FileLock; held = FileLock(sys.argv[1]); "
        "held.acquire(); print('held', flush=True); sys.stdin.read()"
    )
    command, pipe = [sys.executable, "-c", code, holds], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with claim(table, JOBS[0]) as ours:
            taken = ours
        other.kill()
    assert not taken
    with claim(table, JOBS[0]) as ours:
        assert ours


def test_rows_added_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    jobs = [replace(JOBS[0], seed=seed) for seed in range(12)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda job: add_row(table, asdict(job) | {"soup": 0.5}), jobs))
    assert sorted(int(row["seed"]) for row in read_rows(table)) == list(range(12))
    assert all(row["cpu"] and row["torch"] for row in read_rows(table))


def test_one_table_holds_one_base_recipe(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    check_settings(table, TINY)
    add_row(table, asdict(JOBS[0]) | {"soup": 1})
    check_settings(table, replace(TINY, seed=5, optimiser=replace(TINY.optimiser, epochs=9)))
    settings = yaml.safe_load((tmp_path / "a.yaml").read_text())
    del settings["mixup.alpha"]  # as if a later version had added it
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(settings))
    check_settings(table, TINY)
    with pytest.raises(SignletError, match=r"soup_epochs 2, the recipe has 4"):
        check_settings(table, replace(TINY, soup_epochs=4))


def test_another_file_is_not_overwritten(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("city,rain\nParis,3\n")
    with pytest.raises(SignletError, match="no table of the ablation"):
        add_row(table, asdict(JOBS[0]))
    assert table.read_text() == "city,rain\nParis,3\n"


# --- trainings ----------------------------------------------------------------------------


def test_the_command_trains_what_is_missing(
    tiny_packed: PackedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, table = tmp_path / "tiny.yaml", tmp_path / "a.csv"
    model = {"dense": 8, "widths": [16, 24, 24, 16], "heads": 4}
    packing, optimiser = {"max_len": 12}, {"batch_size": 6, "learning_rate": 0.003}
    settings = {"packing": packing, "optimiser": optimiser, "student": model, "distilled": model}
    recipe.write_text(yaml.safe_dump({"name": "tiny", **settings}))
    monkeypatch.setattr(ablation, "packed_set", lambda *_: tiny_packed)
    arguments = ["--sets", "letters", "--epochs", "1", "--seeds", "0", "--recipe", str(recipe)]
    arguments += ["--csv", str(table), "--work", str(tmp_path / "work"), "--variants"]
    ablation.run(ablation.parse([*arguments, BASE]), QUIET)
    (first,) = read_rows(table)
    assert (first["variant"], first["epochs"], first["clips"]) == (BASE, "1", "6")
    for model_name in ("student", "teacher", "distilled", "soup"):
        for column in (model_name, f"{model_name}_balanced", f"{model_name}_without_copies"):
            assert 0 <= float(first[column]) <= 1
    assert float(first["cpu_seconds"]) >= 0
    assert not list((tmp_path / "work" / "a").iterdir()), "run folders are thrown away"
    ablation.run(ablation.parse([*arguments, "plain-attention"]), QUIET)
    again, second = read_rows(table)
    assert again == first
    assert second["variant"] == "plain-attention"
    assert int(second["parameters"]) < int(first["parameters"])


def test_a_soup_of_one_epoch_is_the_distilled_model(tiny_packed: PackedSet, tmp_path: Path) -> None:
    recipe = replace(TINY, soup_epochs=1)
    results = train(recipe, tiny_packed, tmp_path / "run", [0])
    np.testing.assert_array_equal(results["soup"].probabilities, results["distilled"].probabilities)


# --- table and figure ---------------------------------------------------------------------


def rows(copies: int = 0) -> list[dict[str, str]]:
    """Base 0.50 and 0.60, no-ousm 0.53 and 0.61 and one without a partner."""
    soups = {(BASE, 0): 0.5, (BASE, 1): 0.6, ("no-ousm", 0): 0.53, ("no-ousm", 1): 0.61}
    soups[("no-ousm", 2)] = 0.9
    return [
        {
            **{key: str(value) for key, value in asdict(Job("letters", name, 0, seed, 3)).items()},
            **{c: str(value) for c in ("soup", "soup_balanced", "soup_without_copies")},
            **{c: str(value - 0.1) for c in ("distilled", "distilled_balanced")},
            **{c: str(value) for c in ("student", "student_balanced", "teacher")},
            **dict.fromkeys(("teacher_balanced", "distilled_without_copies"), str(value)),
            **dict.fromkeys(("student_without_copies", "teacher_without_copies"), str(value)),
            "copies": str(copies),
            "cpu_seconds": "30" if name == BASE else "15",
        }
        for (name, seed), value in soups.items()
    ]


def test_differences_are_paired_by_fold_and_seed() -> None:
    ousm = Comparison("", "", "no-ousm")
    assert ousm.pairs(rows(), "soup") == pytest.approx([3, 1])
    assert standard_error(ousm.pairs(rows(), "soup")) == pytest.approx(1)
    assert ousm.cost(rows()) == pytest.approx(0.5)
    assert not len(ousm.pairs([row for row in rows() if row["seed"] == "2"], "soup"))


def test_another_model_is_read_from_the_base_trainings() -> None:
    distilled = Comparison("", "", model="distilled")
    assert distilled.pairs(rows(), "soup") == pytest.approx([-10, -10])
    assert distilled.pairs(rows(), "soup_balanced") == pytest.approx([-10, -10])
    assert not len(distilled.pairs(rows(), "student"))


def test_the_table_states_base_differences_and_numbers() -> None:
    lines = markdown(rows(copies=1)).splitlines()
    (base,) = (line for line in lines if line.startswith("| **base recipe**"))
    assert base.startswith("| **base recipe** | 2 | 45.0 | 45.0 | 55.0 | 55.0 |")
    (ousm,) = (line for line in lines if "no OUSM" in line)
    assert ousm.startswith("| losses: no OUSM | 2 | ")
    assert "| +2.0 ± 1.0 |" in ousm
    assert ousm.endswith("| 0.50 |")
    assert "without copies" not in markdown(rows(copies=0))


def test_the_figure_is_drawn_twice(tmp_path: Path) -> None:
    svg, png = draw(rows(), tmp_path / "a.csv")
    assert (svg.name, png.name) == ("a.svg", "a.png")
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    assert png.read_bytes().startswith(b"\x89PNG")
    first = svg.read_bytes()
    draw(rows(), tmp_path / "a.csv")
    assert svg.read_bytes() == first


def test_nothing_to_show_is_said(tmp_path: Path) -> None:
    with pytest.raises(SignletError, match="base recipe"):
        markdown([])
    with pytest.raises(SignletError, match="no variant"):
        draw([dict(row) for row in rows() if row["variant"] == "base"], tmp_path / "a.csv")
