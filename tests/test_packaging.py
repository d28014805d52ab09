"""A source distribution has what its tests need; links of a package page work."""

from __future__ import annotations

import email
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = "package_page.md"
BUILD = """import sys; sys.path.insert(0, "building"); import signlet_build
import setuptools; setuptools.setup()"""
"""What a build front end does: the backend first, which writes the package page."""
HOME = "https://code.example/somebody/signlet"


def egg_info(project: Path, out: Path) -> Path:
    """What setuptools says of a project: PKG-INFO, and in SOURCES.txt the files of its sdist."""
    pytest.importorskip("setuptools")
    command = [sys.executable, "-c", BUILD, "-q", "egg_info", "--egg-base", str(out)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out / "signlet.egg-info"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return egg_info(ROOT, tmp_path_factory.mktemp("egg"))


# --- the source distribution --------------------------------------------------------------


def test_a_source_distribution_has_the_files_of_the_repository_and_no_other(found: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    ours = {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}
    packed = (found / "SOURCES.txt").read_text(encoding="utf-8").splitlines()
    assert {name for name in packed if not Path(name).is_absolute()} == {*ours, PAGE}


# --- the README on a package page ---------------------------------------------------------


def description(folder: Path) -> str:
    about = email.message_from_string((folder / "PKG-INFO").read_text(encoding="utf-8"))
    assert about["Description-Content-Type"] == "text/markdown"
    return str(about.get_payload())


def targets(markdown: str) -> set[str]:
    """Targets of links and pictures, as a package index renders them."""
    renderer = pytest.importorskip("readme_renderer.markdown")
    html = renderer.render(markdown)
    assert html is not None
    return {
        target
        for target in re.findall(r'(?:href|src)="([^"]+)"', html)
        if not target.startswith("#")
    }


@pytest.fixture(scope="module")
def with_address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The description of this project, had it an address."""
    project = tmp_path_factory.mktemp("project")
    for name in ("building/signlet_build.py", "README.md", "LICENSE", "src/signlet/version.py"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, project / name)
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    urls = f'[project.urls]\nRepository = "{HOME}/"\n\n[project.scripts]'
    (project / "pyproject.toml").write_text(text.replace("[project.scripts]", urls), "utf-8")
    return description(egg_info(project, project))


def test_every_link_of_a_package_page_leads_to_a_file_of_the_repository(with_address: str) -> None:
    found = targets(with_address)
    assert {target for target in found if not target.startswith("https://")} == set()
    files = [re.sub(r"^(?:raw|blob)/HEAD/|#.*", "", t.removeprefix(f"{HOME}/")) for t in found]
    assert len(files) > 30
    assert [name for name in files if not (ROOT / name).is_file()] == []


def test_pictures_of_a_package_page_are_the_files_themselves(with_address: str) -> None:
    assert f"]({HOME}/raw/HEAD/docs/pictures/clip.png)" in with_address


def test_without_an_address_a_package_page_has_no_link_that_leads_nowhere(found: Path) -> None:
    text = description(found)
    assert {target for target in targets(text) if not target.startswith("https://")} == set()
    words = re.sub(r"\W", "", text)
    assert re.sub(r"\W", "", "loads the starter model, which comes with the package") in words
