"""The build backend: setuptools, with a README that is fit for a package page.

A package index shows the README without the files beside it. So each link to a file of the
repository gets the repository's address, from `[project.urls]` in pyproject.toml. Without an
address there, such links become plain words, and pictures are left out.

A build front end imports this module in the project's folder before each step. Then it writes the
page, which pyproject.toml names as the readme.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from setuptools.build_meta import *  # noqa: F403  (the steps of the build are setuptools' own)

PAGE = "package_page.md"
RELATIVE = r"\((?![a-z]+:|#)([^)\s]+)\)"
"""The target of a link that has neither a scheme nor leads into the page itself."""
PICTURE = re.compile(rf"!\[([^\]]*)\]{RELATIVE}")
LINK = re.compile(rf"\[([^\]]*)\]{RELATIVE}")


def for_package_page(markdown: str, repository: str | None) -> str:
    """Return the README with absolute links. repository: its https address; None: not known."""
    if repository is None:
        return LINK.sub(r"\1", PICTURE.sub("", markdown))
    home = repository.rstrip("/")
    markdown = PICTURE.sub(rf"![\1]({home}/raw/HEAD/\2)", markdown)
    return LINK.sub(rf"[\1]({home}/blob/HEAD/\2)", markdown)


def write_page(root: Path) -> None:
    """Write the package page beside the README of a project."""
    urls = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"].get("urls", {})
    page = for_package_page((root / "README.md").read_text("utf-8"), urls.get("Repository"))
    (root / PAGE).write_text(page, "utf-8")


write_page(Path.cwd())
