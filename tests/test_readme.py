"""What the README and the docs promise is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def test_ci_runs_the_test_command_word_for_word() -> None:
    install_and_test = blocks(PAGES[0], "bash")[1].splitlines()[-1]
    assert install_and_test.endswith("&& pytest")
    assert install_and_test in (ROOT / ".ci" / "run").read_text().splitlines()


def test_the_first_block_runs_the_demo_with_pinned_versions() -> None:
    first = blocks(PAGES[0], "bash")[0]
    assert '-c constraints.txt ".[demo]" && signlet demo' in first
    assert (ROOT / "constraints.txt").exists()


def test_the_published_names_in_the_readme_run() -> None:
    code = blocks(PAGES[0], "python")[-1]
    names: dict[str, object] = {}
    exec(code, names)
    assert tuple(names["frames"].shape) == (25, 100, 3)
    assert tuple(names["logits"].shape) == (1, 250)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_pages_exist(page: Path) -> None:
    from signlet.cli import COMMANDS

    text = "\n".join(blocks(page, "bash"))
    assert set(re.findall(r"signlet ([a-z]+)", text)) <= set(COMMANDS)


def test_no_page_names_an_absolute_path() -> None:
    for page in PAGES:
        assert not re.search(r"[( `]/(home|root|tmp|work|Users)/", page.read_text()), page
