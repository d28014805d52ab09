"""Messages name a command that installs what is missing, from where the user stands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from signlet.text import install
from signlet.text.install import needs, packages, remedy

ROOT = Path(__file__).parents[1]
REQUIRES = [
    "numpy>=1.26",
    'signlet[frames]; extra == "video"',
    'mediapipe==0.10.21; python_version < "3.13" and extra == "video"',
    'mediapipe>=1.2; python_version >= "3.13" and extra == "video"',
    'no-such-package>=3; extra == "frames"',
    'numpy>=1.26; extra == "frames"',
    'signlet[train,video]; extra == "test"',
    "no-such-trainer; extra == 'train'",
]


def installed(folder: Path, **origin: object) -> Distribution:
    """signlet as pip leaves it behind. origin: direct_url.json, none if empty."""
    about = folder / "signlet-0.1.0.dist-info"
    about.mkdir(parents=True)
    lines = [f"Requires-Dist: {line}" for line in REQUIRES]
    (about / "METADATA").write_text("\n".join(["Name: signlet", "Version: 0.1.0", *lines, ""]))
    if origin:
        (about / "direct_url.json").write_text(json.dumps(origin))
    return Distribution.at(about)


def clone(folder: Path, constraints: bool = True) -> Path:
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    if constraints:
        (folder / "constraints.txt").touch()
    return folder


@pytest.fixture
def anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in that has nothing to do with signlet, whose code is not in a clone."""
    site = tmp_path / "site-packages" / "signlet"
    site.mkdir(parents=True)
    monkeypatch.setattr(install, "__file__", str(site / "install.py"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stands(monkeypatch: pytest.MonkeyPatch, found: Distribution | None) -> None:
    monkeypatch.setattr(install, "_distribution", lambda: found)


@pytest.mark.parametrize(("editable", "option"), [(True, "-e "), (False, "")])
@pytest.mark.parametrize("name", ["clone", "a clone with spaces", "größe"])
def test_in_a_clone_it_is_the_command_of_the_readme(
    anywhere: Path, monkeypatch: pytest.MonkeyPatch, editable: bool, option: str, name: str
) -> None:
    folder = clone(anywhere / name)
    origin = {"url": folder.as_uri(), "dir_info": {"editable": True} if editable else {}}
    stands(monkeypatch, installed(anywhere / "site", **origin))
    command = f'run pip install -c constraints.txt {option}".[video]"'
    assert remedy("video") == f"in {folder} {command}"
    monkeypatch.chdir(folder)
    assert remedy("video") == command


def test_a_copy_of_the_sources_without_constraints_is_not_given_any(
    anywhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = clone(anywhere / "clone", constraints=False)
    stands(monkeypatch, installed(anywhere / "s", url=folder.as_uri(), dir_info={}))
    assert remedy("serve") == f'in {folder} run pip install ".[serve]"'


def test_from_a_wheel_it_is_the_wheel(anywhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = anywhere / "signlet-0.1.0-py3-none-any.whl"
    wheel.touch()
    stands(monkeypatch, installed(anywhere / "s", url=wheel.as_uri(), archive_info={}))
    assert remedy("video") == f'run pip install "signlet[video] @ {wheel.as_uri()}"'


def test_from_a_repository_it_is_that_commit(
    anywhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = {"vcs": "git", "commit_id": "abc123"}
    stands(monkeypatch, installed(anywhere / "s", url="https://host/signlet.git", vcs_info=info))
    assert remedy("ray") == 'run pip install "signlet[ray] @ git+https://host/signlet.git@abc123"'


@pytest.mark.parametrize(
    "origin",
    [
        {},
        {"url": "file:///gone/signlet-0.1.0-py3-none-any.whl", "archive_info": {}},
        {"url": "file:///gone/clone", "dir_info": {"editable": True}},
    ],
    ids=["no note", "wheel is gone", "clone is gone"],
)
def test_else_it_is_the_missing_packages(
    anywhere: Path, monkeypatch: pytest.MonkeyPatch, origin: dict[str, object]
) -> None:
    stands(monkeypatch, installed(anywhere / "s", **origin))
    assert '"no-such-package>=3"' in remedy("video")
    assert "numpy" not in remedy("video"), "it is installed"
    assert "signlet[" not in remedy("video")


@pytest.mark.parametrize(
    ("minor", "version"), [(11, "==0.10.21"), (12, "==0.10.21"), (14, ">=1.2")]
)
def test_packages_are_those_of_this_python_and_of_extras_within(
    anywhere: Path, monkeypatch: pytest.MonkeyPatch, minor: int, version: str
) -> None:
    monkeypatch.setattr(install.sys, "version_info", (3, minor))
    monkeypatch.setattr(install, "_installed", lambda requirement: False)
    found = installed(anywhere / "s")
    of_test = ["no-such-trainer", "no-such-package>=3", "numpy>=1.26", f"mediapipe{version}"]
    assert packages("test", found) == of_test
    assert packages("video", found) == of_test[1:]
    assert packages("unknown", found) == []


@pytest.mark.parametrize("content", ["", "no json", "[]", "3"])
def test_a_damaged_note_is_none(
    anywhere: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    found = installed(anywhere / "s")
    (anywhere / "s" / "signlet-0.1.0.dist-info" / "direct_url.json").write_text(content)
    stands(monkeypatch, found)
    assert "no-such-package" in remedy("video")


def test_sources_that_were_never_installed_are_a_clone(
    anywhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = clone(anywhere / "clone")
    (folder / "src" / "signlet").mkdir(parents=True)
    monkeypatch.setattr(
        install, "__file__", str(folder / "src" / "signlet" / "text" / "install.py")
    )
    stands(monkeypatch, None)
    assert remedy("tune") == f'in {folder} run pip install -c constraints.txt ".[tune]"'


# --- the sentence ------------------------------------------------------------------------
def test_the_feature_is_named_and_not_the_first_import() -> None:
    sentence = needs("reading videos", "video", ModuleNotFoundError("No module named 'av'"))
    assert sentence.startswith("reading videos needs the extra video, which is not installed; ")
    assert "'av'" not in sentence


def test_a_package_that_cannot_be_loaded_is_not_called_missing() -> None:
    broken = ImportError("libGL.so.1: cannot open shared object file\nNo such file")
    sentence = needs("reading videos", "video", broken)
    assert "libGL.so.1: cannot open shared object file" in sentence
    assert "not installed" not in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("command", "module", "extra"),
    [
        ("extract", "rich", "video"),
        ("train", "jsonargparse", "train"),
        ("tune", "jsonargparse", "tune"),
        ("demo", "jsonargparse", "demo"),
        ("export", "torch", "export"),
    ],
)
def test_commands_without_their_extra_name_it(
    tmp_path: Path, command: str, module: str, extra: str
) -> None:
    code = (
        f"import sys; sys.modules[{module!r}] = None; from signlet.cli import main; "
        f"sys.exit(main([{command!r}, 'missing', '-o', 'out']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"signlet {command} needs the extra {extra}" in done.stderr


# --- what is written down ----------------------------------------------------------------
def test_no_message_gives_a_command_that_finds_nothing() -> None:
    for path in (ROOT / "src" / "signlet").rglob("*.py"):
        if path.name != "install.py":
            assert not re.search(r"pip install \S*signlet", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(p.name for p in (ROOT / "docs").glob("*.md"))]
)
def test_no_page_says_to_install_signlet_from_an_index(page: str) -> None:
    path = ROOT / page if page == "README.md" else ROOT / "docs" / page
    found = re.findall(
        r'pip install (?:-U )?"?signlet\b(?!-)[^`\n]*', path.read_text(encoding="utf-8")
    )
    assert not [command for command in found if " @ " not in command]


def test_extras_named_in_messages_exist() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for path in (ROOT / "src" / "signlet").rglob("*.py"):
        for extra in re.findall(r'needs\(\s*"[^"]+",\s*"(\w+)"', path.read_text(encoding="utf-8")):
            assert re.search(rf"^{extra} = \[", text, re.MULTILINE), (path, extra)


@pytest.mark.parametrize(
    ("library", "remedy"),
    [
        ("libxcb.so.1", "apt install"),
        ("libGL.so.1", "apt install"),
        ("libcudart.so.13", "install what is missing"),
    ],
)
def test_a_library_of_the_system_is_named_with_the_command(library: str, remedy: str) -> None:
    error = ImportError(f"{library}: cannot open shared object file: No such file or directory")
    said = needs("reading videos", "video", error)
    assert library in said
    assert remedy in said
    assert "not installed" not in said
