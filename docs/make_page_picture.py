"""Take the picture of the live page in docs/page.md: a fingerspelled word, as landmarks only.

python docs/make_page_picture.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from signlet.sources import open_source
from signlet.starter import STARTER
from signlet.web.build import build_site

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import browsing
import pages

WORD, RATE = "SIGN", 25
PICTURE = Path(__file__).parent / "pictures" / "page.png"
WIDE, HIGH = 1240, 740


def write_word(path: Path) -> Path:
    """A clip a letter with hands away after it, the last one as far as its middle."""
    source = open_source("fingerspelling")
    first = {ref.sign: ref for ref in reversed(source.refs())}
    away = np.full((12, 543, 3), np.nan, np.float32)
    clips = [source.read(first[letter]).frames for letter in WORD]
    parts = [part for clip in clips[:-1] for part in (clip, away)]
    last = clips[-1]
    held = np.repeat(last[len(last) // 2][None], 20 * RATE, 0)  # time to take the picture
    frames = np.concatenate([*parts, last[: len(last) // 2], held])
    return pages.write_recording(path, frames, np.arange(len(frames)) / RATE)


def main() -> None:
    """Build, open, wait for the letters before the last, take the picture."""
    with tempfile.TemporaryDirectory() as scratch:
        site, _ = build_site(Path(scratch) / "site", STARTER)
        word = write_word(Path(scratch) / "word.npz")
        with (
            browsing.served(site, isolated=False) as address,
            browsing.driver().sync_playwright() as tool,
            pages.chromium(tool) as browser,
        ):
            live = pages.visit(browser, address, viewport={"width": WIDE, "height": HIGH})
            live.ready()
            live.open_file(word)
            live.page.locator("#history li").nth(len(WORD) - 2).wait_for(timeout=60_000)
            live.page.wait_for_timeout(1200)
            live.page.screenshot(path=PICTURE)
    print(f"{PICTURE}: {PICTURE.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
