"""Helpers to run web/ in a browser: its libraries, a server, a page."""

from __future__ import annotations

import functools
import importlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from signlet_testing import PATIENCE, ROOT

WEB = ROOT / "src" / "signlet" / "web"
PAGE = ROOT / "tests" / "browser" / "page.html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("onnxruntime-web", "axe-core")
REQUIRED = "SIGNLET_BROWSER"
"""Set to "required", what is missing fails a test instead of skipping it."""


@dataclass
class Site:
    """A page with web/'s modules in a browser.

    folder: what the server serves. page: playwright's page, where `loadRecogniser` and
    `clip(url)` are global. threads: to be used for a clip. requests: URLs that it asked for.
    problems: what it complained of.
    """

    folder: Path
    page: Any
    threads: int = 1
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def put_clip(self, name: str, clip: NDArray[np.float32]) -> None:
        """Let the page fetch NAME.f32."""
        (self.folder / f"{name}.f32").write_bytes(clip.astype("<f4").tobytes())


def browser() -> str:
    """The browser's program; the test is skipped where there is none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or _missing("no Chromium (apt-get install chromium)")


def driver() -> Any:
    """Playwright's module; the test is skipped where it is not installed."""
    try:
        return importlib.import_module("playwright.sync_api")
    except ModuleNotFoundError:
        return _missing("no playwright (pip install playwright)")


def libraries(lock: Path) -> Path:
    """web/node_modules as its lock file has them, where everything else is there too.

    The test is skipped where Node, a browser or playwright is absent.

    lock: a file that all processes of this test run see, one of which installs them.
    """
    from filelock import FileLock

    driver()
    browser()
    with FileLock(lock):
        if not all((WEB / "node_modules" / name).is_dir() for name in PACKAGES):
            command = [npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=WEB, capture_output=True, text=True)
            if done.returncode:
                _missing(f"npm ci failed: {done.stderr[-300:]}")
    return WEB / "node_modules"


def npm() -> str:
    """npm's program; the test is skipped where there is none."""
    return shutil.which("npm") or str(_missing("no npm (apt-get install nodejs npm)"))


def _missing(what: str) -> Any:
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(what)
    pytest.skip(what)


@contextmanager
def served(folder: Path, isolated: bool) -> Iterator[str]:
    """The address of a server of a folder on this machine.

    isolated: with the headers that allow threads in WebAssembly.
    """

    class Handler(SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            self.send_header("Cache-Control", "no-store")
            if isolated:
                self.send_header("Cross-Origin-Opener-Policy", "same-origin")
                self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
            super().end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # a browser connects many times at once

    make = functools.partial(Handler, directory=str(folder))
    with Server(("127.0.0.1", 0), make) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


def modules() -> list[Path]:
    """web/'s own modules, without those of its libraries."""
    return [path for path in WEB.rglob("*.js") if "node_modules" not in path.parts]


@contextmanager
def opened(folder: Path, node_modules: Path, isolated: bool = False) -> Iterator[Site]:
    """A page in headless Chromium that can only reach its own server.

    folder: gets links to web/'s modules and to the page; what else lies there is served too.
    """
    ours = {WEB / path.relative_to(WEB).parts[0] for path in modules()}
    for source in (*ours, PAGE, node_modules):
        (folder / source.name).symlink_to(source)
    with served(folder, isolated) as address, driver().sync_playwright() as tool:
        rules = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", rules]
        chromium = tool.chromium.launch(executable_path=browser(), args=arguments)
        try:
            site = Site(folder, chromium.new_page())
            site.page.on("request", lambda request: site.requests.append(request.url))
            site.page.on("console", lambda message: site.problems.append(message.text))
            site.page.on("pageerror", lambda error: site.problems.append(str(error)))
            site.page.goto(address + PAGE.name)
            site.page.wait_for_function("window.ready", timeout=1000 * PATIENCE)
            yield site
        finally:
            chromium.close()
