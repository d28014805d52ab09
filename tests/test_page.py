"""The live page in a browser, fed with recorded landmarks: the same signs as in Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

import signlet
from signlet.clip import validated
from signlet.pretrained import STARTER, model_path
from signlet.printable import in_a_message
from signlet.sources import open_source, read_clip
from signlet.stream import SignEvent, StreamRecogniser
from signlet.stream.mirror import turn
from signlet.web.build import build_site
from signlet_testing import browsing, pages
from signlet_testing.clips import moving_hand
from signlet_testing.videos import quarters, write_video
from test_serve_process import LAUNCH, process

pytestmark = pytest.mark.slow
WORD = "SIGN"
SIZES = {"phone": (320, 640), "tablet": (820, 1180), "desktop": (1440, 900)}
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


@pytest.fixture
def quick(browser: Any, address: str) -> Iterator[pages.Live]:
    with visited(browser, address, pages.QUICK) as opened:
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


def test_zeros_are_taken_as_not_found_and_the_page_says_so(
    quick: pages.Live, tmp_path: Path
) -> None:
    frames, times = recorded()
    filled = np.nan_to_num(frames)
    quick.open_file(pages.write_recording(tmp_path / "word.npz", filled, times))
    quick.page.locator("#history li").nth(1).wait_for(timeout=30_000)
    quick.ended()
    pages.assert_shown(quick.history(), told(validated(filled, "word")[0], times))
    said = "word.npz: zeros taken as not found; write NaN where a point was not found"
    assert quick.page.locator("#remark").inner_text() == said
    quick.open_file(pages.write_recording(tmp_path / "other.npz", frames, times))
    quick.page.wait_for_selector("#remark", state="hidden")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such names")
def test_files_of_any_name_are_named_in_plain_text(read: pages.Live, tmp_path: Path) -> None:
    names = (
        "a\u202e<img src=x onerror=alert(1)>",
        "b\x1b]0;x\x07'\"&lt;",
        "[c](javascript:d)",
        "x" * 240,
    )
    problem = read.page.locator("#problem")
    for name in names:
        (tmp_path / f"{name}.npz").write_bytes(b"no clip")
        read.open_file(tmp_path / f"{name}.npz")
        read.page.wait_for_function("t => problem.textContent.startsWith(t)", arg=name[0])
        assert problem.inner_text().startswith(in_a_message(f"{name}.npz: "))
        assert problem.locator("*").count() == 0


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_page_names_the_signs_that_python_names(
    quick: pages.Live, word: Path, mirrored: bool
) -> None:
    quick.page.locator("#mirrored").set_checked(mirrored)
    quick.open_file(word)
    quick.page.locator("#history li").nth(1).wait_for(timeout=30_000)
    assert quick.page.locator("#stage").get_attribute("data-source") == "clip"
    quick.ended()
    events = told(*recorded(), mirrored)
    assert len(events) >= len(WORD)
    pages.assert_shown(quick.history(), events)
    signs = [event.sign for event in events if event.sign is not None]
    assert quick.page.locator("#text").inner_text() == " ".join(signs)
    last = pages.named(events[-1])
    assert quick.page.locator("#sign").inner_text() == last
    sure = quick.history()[-1][1]
    said = "None of the signs" if events[-1].sign is None else f"{last}, {sure} sure"
    assert quick.page.locator("#announce").inner_text() == said
    bars = quick.page.locator("#bars li").all()
    for bar, (name, probability) in zip(bars, events[-1].top, strict=True):
        shown, share = bar.locator(".name, .number").all_inner_texts()
        assert shown == name
        assert abs(int(share.removesuffix(" %")) - 100 * probability) < 1
    assert "–" not in quick.page.locator("#rate, #naming").all_inner_texts()


def test_a_recording_is_a_clip_for_training_and_can_be_shown_again(
    live: pages.Live, word: Path, tmp_path: Path
) -> None:
    assert not live.page.locator("#teach-why").is_visible()  # the starter model can be taught
    live.page.fill("#teach-sign", " a/b: ")
    live.page.fill("#teach-signer", "ada_l")
    frames, times = recorded()
    noise = np.random.default_rng(0).normal(0, 0.01, frames.shape).astype(np.float32)
    other = pages.write_recording(tmp_path / "other.npz", frames + noise, times)
    for number, path in enumerate((word, other), 1):  # the same clip twice would count once
        live.open_file(path)
        live.page.click("#record")
        live.ended()
        said = f"Recorded: a b, {number} example"
        live.page.locator("#teach-note").filter(has_text=said).wait_for()
    archive = live.saved("#save", tmp_path)
    assert archive.name == "clips.zip"
    source = open_source(archive)
    refs = source.refs()
    assert [(ref.sign, ref.signer) for ref in refs] == [("a b", "ada-l")] * 2
    assert [ref.path.name for ref in refs] == ["ada-l_1.npz", "ada-l_2.npz"]
    clip = source.read(refs[0])
    kept = len(clip.frames)  # the recording began some frames after the source
    assert kept > len(frames) / 2
    np.testing.assert_array_equal(clip.frames, frames[-kept:])
    assert clip.fps == pytest.approx(25)
    one = live.unpacked(archive, tmp_path)[0]
    with np.load(one) as arrays:
        np.testing.assert_allclose(arrays["times"], times[:kept], atol=1e-9)
    live.page.check('[name="teach-with"][value="model"]')  # what was recorded was taught too
    live.page.click("#clear")
    live.open_file(one)
    live.ended()
    pages.assert_shown(live.history(), told(clip.frames, times[:kept]))


def test_a_mirrored_camera_is_recorded_as_it_should_have_been(
    live: pages.Live, tmp_path: Path
) -> None:
    frames, times = recorded()
    short = pages.write_recording(tmp_path / "short.npz", frames[:40], times[:40], packed=True)
    live.page.check("#mirrored")
    live.page.fill("#teach-sign", "S")
    live.open_file(short)
    live.page.click("#record")
    live.ended()
    live.page.locator("#teach-note").filter(has_text="Recorded").wait_for()
    saved = read_clip(live.unpacked(live.saved("#save", tmp_path), tmp_path)[0]).frames
    assert len(saved) > 5
    np.testing.assert_array_equal(saved, turn(frames)[40 - len(saved) : 40])


def test_a_mirrored_camera_is_noticed(quick: pages.Live, tmp_path: Path) -> None:
    """Somebody who signs with the right hand only seems to use the left one."""
    right = moving_hand(0, 0, 6)  # 20 frames
    frames = turn(np.concatenate([right, np.full((4, 543, 3), np.nan, np.float32)] * 10))
    times = np.arange(len(frames)) / 8
    path = pages.write_recording(tmp_path / "left.npz", frames, times)
    quick.open_file(path)
    hint = quick.page.locator("#hint")
    hint.wait_for(timeout=30_000)
    assert "camera mirrors" in hint.inner_text()
    quick.page.click("#hint-turn")
    assert quick.page.locator("#mirrored").is_checked()
    quick.ended()
    assert hint.is_hidden()
    quick.page.uncheck("#mirrored")
    quick.open_file(path)
    hint.wait_for(timeout=30_000)
    quick.page.click("#hint-well")
    quick.ended()
    assert hint.is_hidden()


def test_everything_is_done_by_keyboard(live: pages.Live, word: Path) -> None:
    page = live.page
    names = []
    for _ in range(40):
        page.keyboard.press("Tab")
        focus = page.evaluate(
            "() => { const at = document.activeElement; return at === document.body ? null :"
            " [at.id || at.textContent.trim(), getComputedStyle(at).outlineStyle]; }"
        )
        if focus is None:
            break
        names.append(focus[0])
        assert focus[1] != "none", focus
    wanted = ["begin", "teach-sign", "teach-signer", "teach-hold", "teach-open", "camera", "least"]
    wanted += ["mirrored", "show", "keys"]
    assert [name for name in names if name in wanted] == wanted
    assert {"choose", "Open a video", "About this model"} <= set(names)
    live.open_file(word)
    page.locator("#state").wait_for(timeout=20_000)
    page.keyboard.press("p")
    assert page.locator("#pause").get_attribute("aria-pressed") == "true"
    before = page.locator("#progress").evaluate("(bar) => bar.value")
    page.wait_for_timeout(300)
    assert page.locator("#progress").evaluate("(bar) => bar.value") == before
    page.keyboard.press("r")
    assert page.locator("#teach-note").inner_text().startswith("Type the sign first")
    page.locator("#teach-sign:focus").wait_for()
    page.keyboard.type("crp")
    assert page.locator("#teach-sign").input_value() == "crp"
    page.focus("#pause")
    page.keyboard.press("r")
    assert page.locator("#record").get_attribute("aria-pressed") == "true"
    page.focus("#pause")
    page.keyboard.press("Space")
    page.keyboard.press("r")
    page.uncheck("#keys")
    page.keyboard.press("p")
    assert page.locator("#pause").get_attribute("aria-pressed") == "false"
    page.focus("#start")
    page.keyboard.press("Enter")
    live.ended()
    assert page.evaluate("document.activeElement.id") == "begin"


def test_a_sure_answer_may_be_asked_for(quick: pages.Live, word: Path) -> None:
    quick.page.locator("#least").fill("0.95")
    assert quick.page.locator("#least-value").inner_text() == "95 %"
    quick.open_file(word)
    quick.ended()
    events = told(*recorded())
    expected = ["none of the signs" if e.confidence < 0.95 else pages.named(e) for e in events]
    assert [row[0] for row in quick.history()] == expected
    assert "none of the signs" in expected


def test_another_model_takes_the_place_of_the_first(
    quick: pages.Live, word: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"hello, this is no model")
    quick.page.set_input_files("#model", broken)
    assert quick.problem().startswith("broken.onnx: is damaged (")
    assert STARTER in quick.page.locator("#model-name").inner_text()  # still in use
    again = tmp_path / "again.onnx"
    again.write_bytes(model_path(STARTER).read_bytes())
    quick.page.set_input_files("#model", again)
    quick.page.locator("#model-name").filter(has_text="again: ").wait_for()
    assert quick.page.locator("#problem").is_hidden()
    quick.open_file(word)
    quick.ended()
    pages.assert_shown(quick.history(), told(*recorded()))
    quick.page.click("#built-in")
    quick.page.locator("#model-name").filter(has_text=STARTER).wait_for()


def test_the_page_says_what_the_model_is(read: pages.Live) -> None:
    recogniser = signlet.load(STARTER)
    read.page.click("#about summary")
    shown = read.page.locator("#signs").inner_text()
    assert shown.split(", ") == sorted(recogniser.signs)
    text = read.page.locator("#about").inner_text()
    assert "no\ninterpreter" in text or "no interpreter" in text
    assert "Licence" in text
    assert "never leaves this browser" in read.page.locator("header").inner_text()


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
    assert read.problem().startswith("odd.npz: holds no landmarks of (frames, 543, 3)")


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
        live.page.locator("#history li").first.wait_for(timeout=30_000)
        assert live.page.locator("#problem").is_hidden()


def test_without_webassembly(browser: Any, address: str) -> None:
    live = pages.visit(browser, address, "delete window.WebAssembly")
    assert live.problem().startswith("This browser runs no WebAssembly")
    assert live.page.locator("#begin").is_disabled()
    live.page.context.close()


def test_without_its_model(browser: Any, address: str, site: Path) -> None:
    (site / "model.onnx").rename(site / "away.onnx")
    try:
        live = pages.visit(browser, address)
        assert "fingerspelling.onnx: cannot be fetched (404)" in live.problem()
        assert live.page.locator("#model-name").inner_text() == "No model is loaded."
        live.page.context.close()
    finally:
        (site / "away.onnx").rename(site / "model.onnx")


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
    live.page.locator("#history li").first.wait_for(timeout=30_000)
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


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return browsing.libraries(tmp_path_factory.getbasetemp().parent / "npm.lock")
