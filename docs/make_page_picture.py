"""Take the pictures of the live page in docs: a fingerspelled word, and signs that are taught.

python -m docs.make_page_picture [page] [teach] [--model model.onnx]

Landmarks only. The model of the second has to have an embedding.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from signlet.pretrained import STARTER
from signlet.sources import open_source
from signlet.web.build import build_site
from signlet_testing import browsing, pages

WORD, RATE = "SIGN", 25
PICTURES = Path(__file__).parent / "pictures"
WIDE, HIGH = 1240, 740
TAUGHT = {"L": 3, "Y": 2}
"""Letters that are taught, with the number of their clips."""


def clips_of(letter: str) -> list[np.ndarray]:
    """All clips of a letter, as frames."""
    source = open_source("fingerspelling")
    return [source.read(ref).frames for ref in source.refs() if ref.sign == letter]


def away(count: int) -> np.ndarray:
    """Frames in which nothing was found."""
    return np.full((count, 543, 3), np.nan, np.float32)


def held(clip: np.ndarray) -> np.ndarray:
    """As far as its middle, and then time to take the picture."""
    middle = len(clip) // 2
    return np.concatenate([clip[:middle], np.repeat(clip[middle][None], 20 * RATE, 0)])


def write(path: Path, parts: list[np.ndarray]) -> Path:
    """A recording as the page writes it."""
    frames = np.concatenate(parts)
    return pages.write_recording(path, frames, np.arange(len(frames)) / RATE)


def take_page(live: pages.Live, scratch: Path) -> None:
    """A clip a letter with hands away after it, the last one as far as its middle."""
    clips = [clips_of(letter)[0] for letter in WORD]
    parts = [part for clip in clips[:-1] for part in (clip, away(12))]
    live.open_file(write(scratch / "word.npz", [*parts, held(clips[-1])]))
    live.page.locator("#history li").nth(len(WORD) - 2).wait_for(timeout=60_000)
    live.page.wait_for_timeout(1200)
    cut = {"x": 0, "y": 0, "width": WIDE, "height": HIGH - 12}  # before the line of details
    live.page.screenshot(path=PICTURES / "page.png", clip=cut)


def take_teach(live: pages.Live, scratch: Path) -> None:
    """Letters taught by holding the button, and a third one that is about to be."""
    page = live.page
    page.fill("#teach-signer", "ada")
    for letter, count in TAUGHT.items():
        page.fill("#teach-sign", letter)
        for clip in clips_of(letter)[:count]:
            live.open_file(write(scratch / "clip.npz", [away(10), clip, away(5)]))
            page.locator("#mirror").wait_for()
            page.locator("#teach-hold").hover()
            page.mouse.down()
            live.ended()
            page.mouse.up()
            page.locator("#teach-note").filter(has_text="Recorded").wait_for()
    page.check("[name=teach-with][value=own]")
    page.fill("#teach-sign", "W")
    live.open_file(write(scratch / "more.npz", [held(clips_of("W")[0])]))
    page.locator("#mirror").wait_for()
    page.locator("#teach-hold").hover()
    page.mouse.down()
    page.wait_for_timeout(1500)
    page.locator("#teach").screenshot(path=PICTURES / "teach.png")
    page.mouse.up()


TAKEN = {"page": take_page, "teach": take_teach}


def take(browser: Any, address: str, name: str, scratch: Path) -> None:
    """One picture, on a page of its own."""
    size = {"width": WIDE, "height": HIGH}
    live = pages.visit(browser, address, viewport=size, reduced_motion="reduce")
    live.ready()
    TAKEN[name](live, scratch)
    live.page.context.close()
    path = PICTURES / f"{name}.png"
    print(f"{path}: {path.stat().st_size // 1000} kB")


def main() -> None:
    """Build, open, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*TAKEN, []], metavar="page, teach")
    parser.add_argument("--model", default=STARTER)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        site, _ = build_site(Path(scratch) / "site", given.model)
        with (
            browsing.served(site, isolated=False) as address,
            browsing.driver().sync_playwright() as tool,
            pages.chromium(tool) as browser,
        ):
            for name in given.names or TAKEN:
                take(browser, address, name, Path(scratch))


if __name__ == "__main__":
    main()
