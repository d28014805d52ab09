"""How many megabytes is the live page, how soon is it ready, and how fast does it name a sign?

Cost: about half a minute on two cores; with --pictures some minutes more.
Page: docs/page.md
Results: page_speed.csv
Short:

    python -m benchmarks.browser.page_speed [--model MODEL.onnx] [--pictures 20]

The page is built, served from this machine and opened in headless Chromium with an empty cache.
`gzip` is what a server sends that compresses. `ready` is from the address to a loaded model.
`naming` is the model's time a sign in the page's worker, over the 26 letters of fingerspelling
clips with hands away between them. With --pictures, MediaPipe looks at so many pictures of the
rendered signer of signlet_testing/videos.py as well: `picture` is its median time for one. Without
a graphics card that is seconds, and says nothing of a machine that has one.

Needs Node, Chromium and playwright (docs/page.md).
"""

from __future__ import annotations

import argparse
import gzip
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.environment import write_csv
from signlet.pretrained import STARTER
from signlet.sources import open_source
from signlet.web.build import build_site
from signlet_testing import browsing, pages

NAME = """async (count) => {
    const { Remote } = await import("./live/remote.js");
    const { NUMBERS } = await import("./clips/landmarks.js");
    const remote = new Remote("recognise-worker.js", "module");
    const source = new URL("model.onnx", location.href).href;
    await remote.call("load", { source, name: "model" });
    await remote.call("start", { mirrored: false });
    const frames = new Float32Array(await (await fetch("stream.f32")).arrayBuffer());
    const took = [];
    for (let t = 0; t < count; t++) {
        const frame = frames.slice(t * NUMBERS, (t + 1) * NUMBERS);
        const { events, milliseconds } = await remote.call("push", { frame, time: t / 25 });
        if (events.length) took.push(milliseconds / events.length);
    }
    return took;
}"""
FIND = """async (count) => {
    const { Remote } = await import("./live/remote.js");
    const remote = new Remote("landmark-worker.js", "classic");
    const began = performance.now();
    await remote.call("load", { folder: new URL("mediapipe/", location.href).href });
    const loaded = performance.now() - began;
    await remote.call("start");
    const took = [];
    for (let number = 0; number < count; number++) {
        const picture = await createImageBitmap(await (await fetch(`${number}.png`)).blob());
        const before = performance.now();
        await remote.call("find", { picture, time: number / 25 }, [picture]);
        took.push(performance.now() - before);
    }
    return { loaded, first: took[0], took: took.slice(1) };
}"""


def sizes(site: Path) -> dict[str, float]:
    """Megabytes of the page's parts, and of all of it as a compressing server sends it."""
    groups = {"mediapipe": 0, "onnxruntime": 0, "model.onnx": 0, "page": 0}
    sent = 0
    for path in site.rglob("*"):
        if path.is_file():
            group = path.relative_to(site).parts[0]
            groups[group if group in groups else "page"] += path.stat().st_size
            sent += len(gzip.compress(path.read_bytes(), 6))
    megabytes = {f"{name.removesuffix('.onnx')}_mb": size / 1e6 for name, size in groups.items()}
    whole = {"site_mb": sum(groups.values()) / 1e6, "gzip_mb": sent / 1e6}
    return {name: round(size, 2) for name, size in (megabytes | whole).items()}


def letters() -> NDArray[np.float32]:
    """(T, 543, 3): a clip a letter, and half a second without hands after each."""
    source = open_source("fingerspelling")
    first = {ref.sign: ref for ref in reversed(source.refs())}
    away = np.full((12, 543, 3), np.nan, np.float32)
    clips = [source.read(first[sign]).frames for sign in sorted(first)]
    return np.concatenate([part for clip in clips for part in (clip, away)])


@contextmanager
def opened(site: Path, *flags: str) -> Iterator[tuple[Any, float]]:
    """The page, and the seconds until its model was there."""
    with (
        browsing.served(site, isolated=False) as address,
        browsing.driver().sync_playwright() as tool,
        pages.chromium(tool, *flags) as browser,
    ):
        start = time.perf_counter()
        live = pages.visit(browser, address)
        live.ready()
        yield live.page, time.perf_counter() - start


def naming(site: Path) -> dict[str, Any]:
    frames = letters()
    (site / "stream.f32").write_bytes(frames.astype("<f4").tobytes())
    with opened(site) as (page, ready):
        took = page.evaluate(NAME, len(frames))
    return {
        "ready_s": round(ready, 1),
        "signs": len(took),
        "naming_ms": round(float(np.median(took)), 1),
        "naming_p95_ms": round(float(np.quantile(took, 0.95)), 1),
    }


def finding(site: Path, count: int) -> dict[str, Any]:
    import cv2

    from signlet_testing.videos import signer

    for number in range(count):
        picture = signer(number / count, 256)[..., ::-1]
        cv2.imwrite(str(site / f"{number}.png"), picture)
    with opened(site, *pages.GRAPHICS) as (page, _):
        page.set_default_timeout(0)
        told = page.evaluate(FIND, count)
    return {
        "tracker_load_s": round(told["loaded"] / 1e3, 1),
        "first_picture_s": round(told["first"] / 1e3, 1),
        "picture_s": round(float(np.median(told["took"])) / 1e3, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=STARTER)
    parser.add_argument("--pictures", type=int, default=0)
    arguments = parser.parse_args()
    os.environ[browsing.REQUIRED] = "required"
    with tempfile.TemporaryDirectory() as scratch:
        site, _ = build_site(Path(scratch) / "site", arguments.model)
        row = {"model": Path(arguments.model).name, **sizes(site), **naming(site)}
        if arguments.pictures > 1:
            row |= finding(site, arguments.pictures)
    row["machine_load"] = round(os.getloadavg()[0], 1)
    print(*(f"{key} {value}" for key, value in row.items()), sep=", ")
    print("written to", write_csv("page_speed", [row]))


if __name__ == "__main__":
    main()
