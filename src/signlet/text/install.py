"""The command that adds a missing extra, from where the user stands.

signlet is not in a package index, so `pip install "signlet[video]"` alone finds nothing. What
works depends on how this signlet was installed, which pip notes down (`direct_url.json`).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

_NAME = "signlet"
_CONSTRAINTS = "constraints.txt"
_LIBRARY = re.compile(r"\blib(GL|EGL|GLESv2|gthread-2\.0|glib-2\.0|xcb)\.so")
"""Of a desktop: MediaPipe brings OpenCV, which wants them on servers and in containers too."""
_DESKTOP = (
    "install this system library: on Debian and Ubuntu apt install libgl1 libegl1 libgles2 "
    "libglib2.0-0"
)
_PYTHON = re.compile(r'python_version\s*(<|>=)\s*"3\.(\d+)"')


def needs(feature: str, extra: str, error: ImportError | None = None) -> str:
    """One sentence: what needs which extra, and the command that installs it.

    feature: what the user wanted, like "reading videos". error: why it failed, if known: a
        package that is there and cannot be loaded is named, as installing will not repair it.
    """
    if error is not None and not isinstance(error, ModuleNotFoundError):
        reason = " ".join(str(error).split())[:200]
        mend = _DESKTOP if _LIBRARY.search(reason) else "install what is missing"
        return f"{feature} fails, because a package cannot be loaded ({reason}); {mend}"
    return f"{feature} needs the extra {extra}, which is not installed; {remedy(extra)}"


def remedy(extra: str) -> str:
    """Return the command that installs an extra: in a clone, from a wheel, or by package."""
    found = _distribution()
    origin = _origin(found)
    url = str(origin.get("url", ""))
    folder = _local(url)
    if "dir_info" in origin and folder is not None and (folder / "pyproject.toml").is_file():
        return _in_clone(folder, extra, bool(origin["dir_info"].get("editable")))
    if "archive_info" in origin and (folder is None or folder.is_file()):
        return f'run pip install "{_NAME}[{extra}] @ {url}"'
    if "vcs_info" in origin:
        version = origin["vcs_info"]
        return f'run pip install "{_NAME}[{extra}] @ {version["vcs"]}+{url}@{version["commit_id"]}"'
    source = Path(__file__).resolve().parents[3]
    if (source / "pyproject.toml").is_file() and (source / "src" / _NAME).is_dir():
        return _in_clone(source, extra, editable=False)
    wanted = " ".join(f'"{requirement}"' for requirement in packages(extra, found))
    return f"run pip install {wanted or _NAME}"


def packages(extra: str, found: Distribution | None) -> list[str]:
    """List the packages of an extra that are missing here; all of them if none is."""
    wanted = list(dict.fromkeys(_wanted(extra, found.requires or []))) if found else []
    return [requirement for requirement in wanted if not _installed(requirement)] or wanted


def _wanted(extra: str, lines: list[str]) -> Iterator[str]:
    for line in lines:
        requirement, _, marker = (part.strip() for part in line.replace("'", '"').partition(";"))
        if f'extra == "{extra}"' not in marker or not _fits(marker):
            continue
        if requirement.startswith(f"{_NAME}["):
            for other in requirement[len(_NAME) + 1 :].rstrip("]").split(","):
                yield from _wanted(other.strip(), lines)
        else:
            yield requirement


def _fits(marker: str) -> bool:
    """Return True if a requirement is for this Python."""
    minor = sys.version_info[1]
    return all(
        minor < int(bound) if sign == "<" else minor >= int(bound)
        for sign, bound in _PYTHON.findall(marker)
    )


def _installed(requirement: str) -> bool:
    name = re.match(r"[\w.-]+", requirement)
    try:
        return bool(name and distribution(name[0]))
    except PackageNotFoundError:
        return False


def _in_clone(folder: Path, extra: str, editable: bool) -> str:
    pinned = f"-c {_CONSTRAINTS} " if (folder / _CONSTRAINTS).is_file() else ""
    command = f'pip install {pinned}{"-e " if editable else ""}".[{extra}]"'
    return f"run {command}" if folder == Path.cwd() else f"in {folder} run {command}"


def _distribution() -> Distribution | None:
    try:
        return distribution(_NAME)
    except PackageNotFoundError:
        return None


def _origin(found: Distribution | None) -> dict[str, Any]:
    """Read pip's record of the origin of signlet; empty if there is none."""
    try:
        noted = json.loads((found and found.read_text("direct_url.json")) or "{}")
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _local(url: str) -> Path | None:
    """The path of a file: address; None for any other."""
    parts = urlsplit(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None
