"""The page's JavaScript libraries, installed once by npm into the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from signlet.errors import SignletError
from signlet.files.caches import user_caches
from signlet.running.children import run_minded
from signlet.running.temporary import temporary_folder

WEB = Path(__file__).parent
_MANIFEST = ("package.json", "package-lock.json", ".npmrc")
_COMMAND = ("ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--prefer-offline")


def node_modules() -> Path:
    """The folder of the libraries that the lock file names; npm is asked for it the first time.

    They are in `signlet/page` of the system's place for a user's caches, under a name that
    stands for the lock file, so a second build needs neither npm nor a network.
    Raises SignletError if npm is absent or does not succeed.
    """
    content = b"".join((WEB / name).read_bytes() for name in _MANIFEST)
    folder = user_caches() / "signlet" / "page" / hashlib.sha256(content).hexdigest()[:16]
    if not folder.is_dir():
        _install(folder)
    return folder / "node_modules"


def _install(folder: Path) -> None:
    """Into a temporary folder first: a folder of that name is always a whole one."""
    npm = shutil.which("npm")
    if npm is None:
        raise SignletError(
            "npm is not installed; signlet needs it once, for the page's libraries: install "
            "Node.js "
            "(https://nodejs.org, or apt-get install npm) and try again"
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(folder.parent, ".npm") as beside:
            temporary = beside / folder.name
            temporary.mkdir()
            for name in _MANIFEST:
                shutil.copyfile(WEB / name, temporary / name)
            _npm(npm, temporary)
            if not folder.is_dir():  # another build may have been faster
                os.rename(temporary, folder)
    except OSError as error:
        raise SignletError(f"{folder.parent}: cannot be written ({error.strerror})") from None


def _npm(npm: str, folder: Path) -> None:
    done = run_minded([npm, *_COMMAND], cwd=folder)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        reason = lines[-1] if lines else f"code {done.returncode}"
        told = next((line for line in lines if "code" in line), reason)
        raise SignletError(
            f"npm could not install the page's libraries ({told.strip()[:200]}); "
            "check the network and npm's settings, then try again"
        )
