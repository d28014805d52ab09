"""The live page without a camera, a model or WebAssembly, with strange files, and served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signlet_testing import browsing, pages
from signlet_testing.live_page import (
    AXE,
    RULES,
    address,
    browser,
    live,
    node_modules,
    opened_once,
    read,
    recorded,
    site,
    told,
    tool,
    word,
)
from signlet_testing.videos import quarters, write_video
from test_serve_process import LAUNCH, process

__all__ = [
    "address",
    "browser",
    "live",
    "node_modules",
    "opened_once",
    "read",
    "site",
    "tool",
    "word",
]

pytestmark = pytest.mark.slow
SIZES = {"phone": (320, 640), "tablet": (820, 1180), "desktop": (1440, 900)}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("film.mp4", b"this is no film", "film.mp4: this browser cannot play it"),
        ("clip.npz", b"PK\x03\x04 not quite", "clip.npz: cannot be read (not an .npz archive)"),
        ("empty.npz", b"", "empty.npz: cannot be read (not an .npz archive)"),
    ],
)
def test_a_strange_file_is_refused(
    read: pages.Live, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    read.open_file(path)
    assert read.problem().startswith(said)
    read.ended()


@pytest.mark.parametrize("shape", [(4, 542, 3), (0, 543, 3), (543, 3)])
def test_a_recording_of_another_shape_is_refused(
    read: pages.Live, tmp_path: Path, shape: tuple[int, ...]
) -> None:
    np.savez(tmp_path / "odd.npz", landmarks=np.zeros(shape, np.float32))
    read.open_file(tmp_path / "odd.npz")
    assert read.problem().startswith("odd.npz: contains no landmarks of shape (frames, 543, 3)")


def test_half_a_recording_is_refused(read: pages.Live, word: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.npz"
    cut.write_bytes(word.read_bytes()[: word.stat().st_size // 2])
    read.open_file(cut)
    assert read.problem().startswith("cut.npz: cannot be read (not an .npz archive)")


NO_CAMERA = "No camera was found"
REFUSED = "The camera was not allowed"
INSECURE = "Browsers allow the camera only on https"
BUSY = "The camera is in use by another program"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("", NO_CAMERA),
        ("delete Navigator.prototype.mediaDevices", INSECURE),
        (
            "navigator.mediaDevices.getUserMedia = async () => "
            "{ throw new DOMException('', 'NotReadableError'); }",
            BUSY,
        ),
    ],
)
def test_why_there_is_no_camera(browser: Any, address: str, script: str, said: str) -> None:
    live = pages.visit(browser, address, script)
    live.ready()
    live.page.click("#begin")
    assert live.problem().startswith(said)
    live.ended()
    live.page.context.close()


def test_a_refused_camera(tool: Any, address: str) -> None:
    """Chromium without a head refuses where nobody has allowed it."""
    with pages.chromium(tool, "--use-fake-device-for-media-stream") as browser:
        live = pages.visit(browser, address)
        live.ready()
        live.page.click("#begin")
        assert live.problem().startswith(REFUSED)


def test_without_a_graphics_card(tool: Any, address: str, word: Path, tmp_path: Path) -> None:
    """Nor a renderer that stands in for one. Recordings need none."""
    with pages.chromium(tool, "--disable-gpu", "--disable-software-rasterizer") as browser:
        live = pages.visit(browser, address, pages.QUICK)
        live.ready()
        live.open_file(write_video(tmp_path / "grey.mp4", [quarters()] * 3))
        assert live.problem().startswith("This browser cannot compute on the graphics card")
        live.open_file(word)
        live.page.locator("#history li").first.wait_for()
        assert live.page.locator("#problem").is_hidden()


def test_without_webassembly(browser: Any, address: str) -> None:
    live = pages.visit(browser, address, "delete window.WebAssembly")
    assert live.problem().startswith("This browser runs no WebAssembly")
    assert live.page.locator("#begin").is_disabled()
    live.page.context.close()


def test_without_its_model(browser: Any, address: str) -> None:
    """The file is not taken away: pages of other tests load it at the same time."""
    live = pages.visit(browser, address, absent="model.onnx")
    assert "fingerspelling.onnx: cannot be fetched (404)" in live.problem()
    assert live.page.locator("#model-name").inner_text() == "No model is loaded."
    live.page.context.close()


def test_neither_page_nor_workers_reach_another_server(live: pages.Live, address: str) -> None:
    """Were one to try, the page's own policy stops it: seen with a server beside this one."""
    with browsing.served(Path(__file__).parent, isolated=False) as other:
        assert other != address
        tried = """async (url) => {
            const { Remote } = await import("./live/remote.js");
            const code = `self.onmessage = async ({ data: { id } }) => {
                const answer = await fetch("${url}").then(() => "reached", () => "stopped");
                self.postMessage({ id, answer });
            };`;
            const worker = new Worker(URL.createObjectURL(new Blob([code])));
            const inside = new Promise((resolve) => {
                worker.onmessage = ({ data }) => resolve(data.answer);
            });
            worker.postMessage({ id: 1 });
            return [await fetch(url).then(() => "reached", () => "stopped"), await inside];
        }"""
        assert live.page.evaluate(tried, other) == ["stopped", "stopped"]
        assert all("Content Security Policy" in said for said in live.problems)
        live.problems.clear()
        live.requests[:] = [url for url in live.requests if not url.startswith(other)]


def test_signlet_serve_page(browser: Any, site: Path, word: Path) -> None:
    """site: so that npm has been asked before."""
    with process("-c", LAUNCH, "--page", "--port", "0") as (_, address):
        live = pages.visit(browser, address)
        live.ready()
        live.open_file(word)
        live.ended()
        pages.assert_shown(live.history(), told(*recorded()))
        assert live.problems == []
        live.page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_in_light_and_dark_and_fits_every_screen(
    browser: Any, address: str, word: Path, scheme: Any, node_modules: Path
) -> None:
    live = pages.visit(browser, address, color_scheme=scheme, bypass_csp=True)
    live.ready()
    live.page.click("#about summary")
    live.page.add_script_tag(path=node_modules / "axe-core" / "axe.min.js")
    check(live, "idle")
    live.page.fill("#teach-sign", "S")
    live.open_file(word)
    live.page.click("#record")
    live.page.locator("#history li").first.wait_for()
    live.page.click("#pause")
    live.page.click("#record")
    live.page.locator("#lessons li canvas").wait_for()
    check(live, "running")
    live.page.context.close()


def check(live: pages.Live, when: str) -> None:
    for name, (width, height) in SIZES.items():
        live.page.set_viewport_size({"width": width, "height": height})
        live.page.wait_for_timeout(250)
        assert live.page.evaluate(AXE, RULES) == [], (when, name)
        wide = live.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, (when, name, wide)
