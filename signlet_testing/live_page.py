"""A live page in a browser, fed with recorded landmarks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

import signlet
from signlet.pretrained import STARTER
from signlet.sources import open_source
from signlet.stream import SignEvent, StreamRecogniser
from signlet.web.build import build_site
from signlet_testing import browsing, pages

WORD = "SIGN"
AXE = """async (tags) => {
    const { violations } = await axe.run(document, { runOnly: tags });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join(" | ")}`);
}"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def recorded() -> tuple[np.ndarray, np.ndarray]:
    """A fingerspelled word: a real clip a letter, hands away between them."""
    source = open_source("fingerspelling")
    first = {ref.sign: ref for ref in reversed(source.refs())}
    away = np.full((12, 543, 3), np.nan, np.float32)
    parts = [part for letter in WORD for part in (source.read(first[letter]).frames, away)]
    frames = np.concatenate(parts)
    return frames, np.arange(len(frames)) / 25


def told(frames: np.ndarray, times: np.ndarray, mirrored: bool = False) -> list[SignEvent]:
    """What Python makes of a stream."""
    stream = StreamRecogniser(signlet.load(STARTER, threads=1), mirrored=mirrored)
    pushed = [event for f, t in zip(frames, times, strict=True) for event in stream.push(f, t)]
    return [*pushed, *stream.finish()]


@pytest.fixture(scope="module")
def tool() -> Iterator[Any]:
    with browsing.driver().sync_playwright() as opened:
        yield opened


@pytest.fixture(scope="module")
def browser(tool: Any) -> Iterator[Any]:
    with pages.chromium(tool) as opened:
        yield opened


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory)


def built(factory: pytest.TempPathFactory) -> Path:
    """The page under a sub-path, built once for all processes of this test run."""
    browsing.driver()
    browsing.npm()
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    base = factory.getbasetemp() if alone else factory.getbasetemp().parent
    with FileLock(base / "page.lock"):
        site = base / "served" / "deep" / "live"
        if not site.is_dir():
            build_site(site, STARTER)
    return site


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Of a plain server of static files, one that knows nothing of the page."""
    with browsing.served(site.parents[1], isolated=False) as root:
        yield f"{root}deep/live/"


@contextmanager
def visited(browser: Any, address: str, script: str = "") -> Iterator[pages.Live]:
    opened = pages.visit(browser, address, script, viewport={"width": 1440, "height": 900})
    opened.ready()
    yield opened
    opened.page.context.close()
    assert opened.problems == []
    assert [url for url in opened.requests if not url.startswith((address, "blob:"))] == []


@pytest.fixture
def live(browser: Any, address: str) -> Iterator[pages.Live]:
    with visited(browser, address) as opened:
        yield opened


@pytest.fixture(scope="module")
def opened_once(browser: Any, address: str) -> Iterator[pages.Live]:
    """One page for all tests that only read what it says: loading one takes seconds."""
    with visited(browser, address) as opened:
        yield opened


@pytest.fixture
def read(opened_once: pages.Live) -> pages.Live:
    """`opened_once`, without what it said of the test before."""
    opened_once.page.evaluate("document.getElementById('problem').hidden = true")
    return opened_once


@pytest.fixture
def word(tmp_path: Path) -> Path:
    return pages.write_recording(tmp_path / "word.npz", *recorded())


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return browsing.libraries(tmp_path_factory.getbasetemp().parent / "npm.lock")
