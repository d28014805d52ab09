"""Everything about the package is in pyproject.toml; this makes README.md fit for a package page.

A package index shows the README without the files beside it. So each link to a file of the
repository gets the repository's address, from `[project.urls]` in pyproject.toml. Without an
address there, such links become plain words, and pictures are left out.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
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


if __name__ == "__main__":
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"].get("urls", {})
    setup(
        long_description=for_package_page(
            (ROOT / "README.md").read_text("utf-8"), urls.get("Repository")
        ),
        long_description_content_type="text/markdown",
    )
