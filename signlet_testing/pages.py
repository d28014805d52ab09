"""The live page, built and opened in headless Chromium, for its tests."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.stream import SignEvent
from signlet_testing import PATIENCE, browsing

GRAPHICS = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
"""WebGL without a graphics card."""
QUICK = """const [now, later] = [performance.now.bind(performance), window.setTimeout];
let skipped = 0;
performance.now = () => now() + skipped;
window.setTimeout = (act, wait = 0) => {
    if (wait >= 1000) return later(act, wait);
    skipped += wait;
    return later(act);
};"""
"""A script with which recordings are played as fast as they are recognised: short waits are
skipped, and the clock goes on by them."""
QUICKLY_COMPILED = "--js-flags=--liftoff-only --no-wasm-tier-up"
"""Most tests look at a few clips: optimising the WebAssembly would take longer than it saves."""
FAKE_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
# Chromium's and MediaPipe's own remarks on drawing without a graphics card.
_REMARKS = re.compile(r"gl_context|GL Driver Message|GPU stall|Automatic fallback to software")

_CHANGED = "([canvas, before]) => canvas.toDataURL() !== before"


def wait_until_it_moves(canvas: Any) -> None:
    """Wait until a canvas, a locator of playwright's, shows something else than now."""
    before = canvas.evaluate("(canvas) => canvas.toDataURL()")
    canvas.page.wait_for_function(_CHANGED, arg=[canvas.element_handle(), before])


def stands_still(canvas: Any, milliseconds: int = 400) -> bool:
    """True if the canvas shows the same after so long."""
    before = canvas.evaluate("(canvas) => canvas.toDataURL()")
    canvas.page.wait_for_timeout(milliseconds)
    return not canvas.page.evaluate(_CHANGED, [canvas.element_handle(), before])


@dataclass
class Live:
    """An opened page. page: playwright's. requests: URLs. problems: what its console says.

    under_way: URLs that have no answer yet.
    """

    page: Any
    address: str
    requests: list[str] = field(default_factory=list)
    under_way: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def ready(self) -> None:
        """Wait for the model; say what the page said and waits for if it does not come."""
        loaded = self.page.locator("#model-name").filter(has_text="sign")
        try:
            loaded.wait_for()
        except browsing.driver().TimeoutError:
            shown = self.page.locator("#model-name, #problem").all_inner_texts()
            said = f"no model: {shown}, {self.problems}, waits for {self.under_way}"
            raise AssertionError(said) from None

    def open_file(self, path: Path) -> None:
        self.page.set_input_files("#file", path)

    def ended(self, seconds: float = PATIENCE) -> None:
        """Wait until the source has ended."""
        self.page.wait_for_selector('#stage[data-source="none"]', timeout=1000 * seconds)

    def problem(self) -> str:
        """The message that the page shows in red, once it does."""
        self.page.locator("#problem").wait_for()
        return str(self.page.locator("#problem").inner_text())

    def history(self) -> list[tuple[str, str, str]]:
        """(sign, confidence, time) of the events that are shown, in order."""
        items = self.page.locator("#history li").all()
        rows = [tuple(item.locator("b, span").all_inner_texts()) for item in items]
        return rows[::-1]

    def saved(self, button: str, folder: Path) -> Path:
        """Press a button that downloads something."""
        with self.page.expect_download() as waiting:
            self.page.locator(button).click()
        path = folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path

    def unpacked(self, archive: Path, folder: Path) -> list[Path]:
        """The files in a .zip that was saved, sorted by name."""
        with zipfile.ZipFile(archive) as opened:
            assert opened.testzip() is None
            opened.extractall(folder / archive.stem)
        return sorted(path for path in (folder / archive.stem).rglob("*") if path.is_file())


@contextmanager
def chromium(tool: Any, *flags: str) -> Iterator[Any]:
    """A browser that reaches this machine only. tool: an opened playwright."""
    rules = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", rules, *flags]
    if not set(GRAPHICS) & set(flags):  # MediaPipe works long enough for it
        arguments.append(QUICKLY_COMPILED)
    opened = tool.chromium.launch(executable_path=browsing.browser(), args=arguments)
    try:
        yield opened
    finally:
        opened.close()


def visit(browser: Any, address: str, script: str = "", absent: str = "", **settings: Any) -> Live:
    """Open the page.

    script: runs before the page's own. absent: a file that the server seems not to have.
    settings: of the browser's context.
    """
    context = browser.new_context(**settings)
    context.set_default_timeout(1000 * PATIENCE)
    if script:
        context.add_init_script(script)
    if absent:
        context.route(f"{address}{absent}", lambda route: route.fulfill(status=404))
    live = Live(context.new_page(), address)
    live.page.on("request", lambda request: live.requests.append(request.url))
    live.page.on("request", lambda request: live.under_way.add(request.url))
    for end in ("requestfinished", "requestfailed"):
        live.page.on(end, lambda request: live.under_way.discard(request.url))
    live.page.on("pageerror", lambda error: live.problems.append(str(error)))
    live.page.on(
        "console",
        lambda said: _REMARKS.search(said.text) or live.problems.append(said.text),
    )
    live.page.goto(address)
    return live


def assert_shown(rows: Sequence[tuple[str, ...]], events: Sequence[SignEvent]) -> None:
    """Assert that rows of `Live.history` are these events, up to rounding of the last digit."""
    assert [row[0] for row in rows] == [named(event) for event in events]
    for (_, percent, span), event in zip(rows, events, strict=True):
        assert abs(int(percent.removesuffix(" %")) - 100 * event.confidence) < 1
        times = [float(time) for time in span.removesuffix(" s").split("–")]
        assert np.abs(np.subtract(times, (event.start, event.end))).max() < 0.1


def named(event: SignEvent) -> str:
    """The sign as the page writes it."""
    return "none of the signs" if event.sign is None else event.sign


def write_recording(
    path: Path, frames: NDArray[np.float32], times: NDArray[np.float64], packed: bool = False
) -> Path:
    """As the page writes it; packed: with compression."""
    write = np.savez_compressed if packed else np.savez
    write(path, landmarks=frames, times=times, fps=25.0)
    return path
