"""The docs are a site whose links lead somewhere, with the helps and the docstrings in it."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from signlet.cli import COMMANDS

ROOT = Path(__file__).parents[1]
PICTURE = "pictures/clip.png"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site: seconds of processor time."""
    pytest.importorskip("mkdocstrings", reason="the site needs signlet[docs]")
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def words(page: Path) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8"))).split())


def test_every_command_has_its_help_in_the_site() -> None:
    pytest.importorskip("mkdocs", reason="the site needs signlet[docs]")
    order = runpy.run_path(str(ROOT / "docs/site/hooks.py"))["ORDER"]
    assert sorted(order) == sorted(COMMANDS)


@pytest.mark.slow
def test_the_site_builds_with_strict_links(site: Path) -> None:
    for page in (ROOT / "docs").glob("*.md"):
        assert (site / page.stem / "index.html").exists()
    assert (site / PICTURE).exists()
    assert PICTURE in (site / "index.html").read_text(encoding="utf-8")
    assert (site / "results" / "few_shot.svg").exists()


@pytest.mark.slow
def test_the_site_has_helps_and_docstrings(site: Path) -> None:
    helps = words(site / "commands" / "index.html")
    assert all(f"usage: signlet {command}" in helps for command in COMMANDS)
    assert "Load a trained model." in words(site / "api" / "index.html")


@pytest.mark.slow
def test_the_site_asks_no_other_server(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|link|img)[^>]+(?:src|href)="(https?:[^"]+)"', page.read_text()
        )
        assert not loaded, page
