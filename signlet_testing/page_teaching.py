"""A live page with a tiny model, on which signs are taught."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import signlet
from signlet.export import onnx as onnx_export
from signlet.model import ModelSize, SignModel
from signlet.modelfile.averaging import Average
from signlet.modelfile.card import Card
from signlet.modelfile.float16 import as_text
from signlet.modelfile.rewrite import with_entries
from signlet.modelfile.taught_head import unit
from signlet.recognition.recogniser import Recogniser
from signlet.sources import open_source
from signlet.stream import SignEvent, StreamRecogniser
from signlet.web.build import build_site
from signlet_testing import browsing, pages
from signlet_testing.live_page import visited

SIGNS = ("A", "B", "C", "R")
SIZE = ModelSize(dense=8, widths=(16, 24, 24, 16), heads=4)
TAUGHT = (("hello", "L", 0), ("hello", "L", 1), ("thanks", "V", 0))
"""Clips of a letter that are taught under the name of a sign."""


@cache
def frames_of(letter: str, number: int) -> np.ndarray:
    """A real clip, with frames without a hand before and after it."""
    source = open_source("fingerspelling")
    ref = [ref for ref in source.refs() if ref.sign == letter][number]
    away = np.full((10, 543, 3), np.nan, np.float32)
    return np.concatenate([away, source.read(ref).frames, away])


def recording(folder: Path, frames: np.ndarray, name: str = "clip") -> Path:
    return pages.write_recording(folder / f"{name}.npz", frames, np.arange(len(frames)) / 25)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained, but it has an embedding, and says what its own signs look like."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    made = SignModel(SIZE.config(24, len(SIGNS))).eval()
    card = Card(
        signs=SIGNS,
        max_lens=(24,),
        average=Average.plain(1),
        precision="fp32",
        embedding=SIZE.widths[3],
    )
    onnx_export.write(path, [made], card.average, card)
    recogniser = signlet.load(path, threads=1)
    rows = [recogniser.embed(frames_of(sign, 0)) for sign in SIGNS]
    entries = {"prototypes": as_text(unit(np.stack(rows)))}
    path.write_bytes(with_entries(path.read_bytes(), ".onnx", entries, path.name))
    return path


@pytest.fixture(scope="module")
def address(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    browsing.driver()
    browsing.npm()
    site, _ = build_site(tmp_path_factory.mktemp("served") / "site", model)
    with browsing.served(site, isolated=False) as root:
        yield root


@pytest.fixture
def live(browser: Any, address: str) -> Iterator[pages.Live]:
    with visited(browser, address) as opened:
        yield opened


@pytest.fixture
def quick(browser: Any, address: str) -> Iterator[pages.Live]:
    with visited(browser, address, pages.QUICK) as opened:
        yield opened


@pytest.fixture(scope="module")
def saved(browser: Any, address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page saves after it was taught by holding its button."""
    folder = tmp_path_factory.mktemp("saved")
    with visited(browser, address) as live:
        live.page.fill("#teach-signer", "ada_l")
        for count, (sign, letter, number) in enumerate(TAUGHT, 1):
            live.page.fill("#teach-sign", f" {sign} ")
            begin(live, recording(folder, frames_of(letter, number)))
            live.page.locator("#teach-hold").hover()
            live.page.mouse.down()
            assert live.page.locator("#teach").get_attribute("data-state") == "recording"
            live.ended()
            live.page.mouse.up()
            note(live, "Recorded: ")
            assert live.page.locator("#lessons canvas").count() == count
        return live.saved("#save", folder)


def begin(live: pages.Live, path: Path) -> None:
    """Open a recording and wait until it is played."""
    live.open_file(path)
    live.page.locator("#mirror").wait_for()


def note(live: pages.Live, text: str) -> str:
    """What the panel says, once it begins so."""
    said = live.page.locator("#teach-note").filter(has_text=re.compile(f"^{re.escape(text)}"))
    return str(said.inner_text())


def open_zip(live: pages.Live, path: Path) -> str:
    live.page.evaluate("document.getElementById('teach-note').textContent = ''")
    live.page.set_input_files("#teach-file", path)
    return note(live, f"Opened {path.name}: ")


def model_name(live: pages.Live) -> str:
    return str(live.page.locator("#model-name").inner_text())


def heads(live: pages.Live) -> list[str]:
    """The signs with what is said of each."""
    return [
        " ".join(text.split()) for text in live.page.locator("#lessons .head").all_inner_texts()
    ]


def assert_named_as_by(live: pages.Live, recogniser: Recogniser, folder: Path) -> set[str | None]:
    """That the page names some clips as Python's recogniser does; gives the names."""
    parts = [frames_of(*clip) for clip in (("L", 2), ("V", 1), ("A", 0), ("R", 2), ("L", 0))]
    frames = np.concatenate(parts)
    stream, events = StreamRecogniser(recogniser), list[SignEvent]()
    for number, frame in enumerate(frames):
        events += stream.push(frame, number / 25)
    events += stream.finish()
    live.page.click("#clear", force=True) if live.history() else None
    live.open_file(recording(folder, frames, "stream"))
    live.page.locator("#history li").first.wait_for()
    live.ended()
    pages.assert_shown(live.history(), events)
    return {event.sign for event in events}
