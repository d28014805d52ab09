"""CONTRIBUTING.md, the code map and the commands for contributors say what is there."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import networkx as nx
import pytest
import yaml

from docs import make_code_map

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NO_PATHS = ("src/signlet/model/recurrent.py", "src/signlet/export/frozen_recurrent.py")
"""What a recipe makes."""


def section(heading: str) -> str:
    return re.split(r"^## ", PAGE.split(f"\n## {heading}\n")[1], flags=re.MULTILINE)[0]


def table(heading: str) -> list[list[str]]:
    """Rows of a section's only table, without its head."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


# --- the code map -------------------------------------------------------------------------


def test_the_code_map_shows_the_rooms_and_their_imports() -> None:
    svg = ElementTree.parse(make_code_map.PICTURE).getroot()
    shown = [element.attrib for element in svg.iter()]
    named = [room for layer in make_code_map.layers() for room in layer]
    remedy = "draw it anew: python docs/make_code_map.py"
    assert [a["data-room"] for a in shown if "data-room" in a] == named, remedy
    arrows = make_code_map.arrows(make_code_map.room_imports(ROOT / "src"))
    assert [(a["data-from"], a["data-to"]) for a in shown if "data-from" in a] == arrows, remedy


def test_arrows_of_the_code_map_lead_downwards() -> None:
    svg = ElementTree.parse(make_code_map.PICTURE).getroot()
    paths = [element.attrib["d"] for element in svg.iter() if "data-from" in element.attrib]
    assert paths
    for path in paths:
        numbers = [float(number) for number in re.findall(r"[\d.]+", path)]
        assert numbers[-1] > numbers[1]


def package(root: Path, imports: dict[str, str]) -> Path:
    """A src folder: module -> what it imports."""
    for module, line in imports.items():
        path = root / "signlet" / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(line)
    (root / "signlet" / "__init__.py").touch()
    return root


def test_figures_count_what_is_against_the_direction(tmp_path: Path) -> None:
    a, b, c = "import signlet.a.x", "import signlet.b.x", "import signlet.c"
    both = {"a/x": f"{b}\n{c}", "a/y": b, "b/x": f"{a}\n{c}", "c": ""}
    script = [sys.executable, str(ROOT / "docs" / "make_code_map.py"), "--figures"]
    folders = [str(package(tmp_path, both)), str(ROOT / "src")]
    done = subprocess.run([*script, *folders], capture_output=True, text=True, check=True)
    rows = [re.split(r" {2,}", line) for line in done.stdout.splitlines()]
    assert {name: int(first) for name, first, _ in rows} == {
        "folders": 2,
        "loose modules": 2,
        "imports between rooms": 5,
        "pairs of rooms that these imports join": 4,
        "imports against the direction": 1,
        "circles (two rooms import each other)": 1,
        "entangled rooms": 2,
    }
    assert [int(ours) for name, _, ours in rows if "against" in name] == [0]


def test_the_fewest_imports_are_against_the_direction() -> None:
    ring = [("a", "b", 3), ("b", "c", 2), ("c", "a", 4), ("c", "b", 1)]
    rooms = nx.DiGraph()
    rooms.add_weighted_edges_from(ring, weight="count")
    assert make_code_map.against(rooms, {"a", "b", "c"}) == 2  # from b to c


# --- the page -----------------------------------------------------------------------------


def test_the_page_names_every_room() -> None:
    named = re.findall(r"`(\w+)`", "\n".join(row[0] for row in table("Where things are")))
    rooms = [room for layer in make_code_map.layers() for room in layer]
    assert sorted(named) == sorted([*rooms, "moved", "version"])


def test_every_question_of_a_newcomer_is_answered_by_a_path() -> None:
    rows = table("Questions of a newcomer")
    assert len({question for question, _ in rows}) >= 12
    answers = [path for _, answer in rows for path in re.findall(r"`([^`]+)`", answer)]
    assert all("`src/signlet/" in answer for _, answer in rows)
    assert [path for path in answers if not (ROOT / path).exists()] == []


def test_the_recipes_name_files_that_are_there() -> None:
    paths = set(re.findall(r"`((?:src|tests|docs|benchmarks)/[\w./]*)`", PAGE)) - {*NO_PATHS}
    assert len(paths) > 20
    assert not [path for path in paths if not (ROOT / path).exists()]


@pytest.mark.parametrize(
    "heading", ["A data source", "An augmentation", "A backbone", "An export check"]
)
def test_each_recipe_has_ten_lines(heading: str) -> None:
    recipe = PAGE.split(f"### {heading}\n")[1].split("\n#")[0]
    numbers = re.findall(r"^(\d+)\. ", recipe, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 11)]


# --- commands -----------------------------------------------------------------------------


def sessions() -> set[str]:
    text = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    return set(re.findall(r"@nox.session\ndef (\w+)", text))


def test_ci_and_the_page_name_sessions_that_are_there() -> None:
    named = "\n".join([PAGE, (ROOT / ".ci" / "run").read_text(encoding="utf-8")])
    asked = re.findall(r"\bnox -s ((?:\w+ ?)+)", named)
    assert {"lint", "types", "layers", "dead"} <= {name for line in asked for name in line.split()}
    assert {name for line in asked for name in line.split()} <= sessions()


def test_every_hook_runs_without_the_network() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {repo["repo"] for repo in hooks["repos"]} == {"local"}
    assert {hook["language"] for repo in hooks["repos"] for hook in repo["hooks"]} == {"system"}


def test_programs_of_the_hooks_and_sessions_are_installed_for_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    test = " ".join(project["project"]["optional-dependencies"]["test"])
    for program in ("import-linter", "mypy", "nox", "pre-commit", "pytest", "ruff", "vulture"):
        assert f"{program}>=" in test


@pytest.mark.parametrize("form", ["bug", "idea"])
def test_the_forms_ask_for_something(form: str) -> None:
    path = ROOT / ".github" / "ISSUE_TEMPLATE" / f"{form}.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content["name"]
    assert content["description"]
    required = [one for one in content["body"] if one.get("validations", {}).get("required")]
    assert required
    assert len({one["id"] for one in content["body"] if "id" in one}) >= 3


# --- the changelog ------------------------------------------------------------------------


def test_the_changelog_is_kept_as_keep_a_changelog_says() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    dated = re.compile(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d")
    assert all(dated.fullmatch(version) for version in versions[1:])
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= kinds
