"""Files opened on the live page: archives, taught models; strange ones are refused whole."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signlet
from signlet.clip import validated
from signlet.modelfile.rewrite import with_entries
from signlet.sources import open_source
from signlet_testing import pages
from signlet_testing.live_page import AXE, RULES, browser, node_modules, tool, visited
from signlet_testing.page_teaching import (
    address,
    assert_named_as_by,
    frames_of,
    heads,
    live,
    model,
    model_name,
    note,
    open_zip,
    quick,
    recording,
    saved,
)

__all__ = ["address", "browser", "live", "model", "node_modules", "quick", "saved", "tool"]
pytestmark = pytest.mark.slow
NO_STORE = "Object.defineProperty(window, 'indexedDB', { value: undefined });"
DEAF_STORE = "IDBFactory.prototype.open = () => ({});"
STUCK_STORE = """Object.defineProperty(IDBTransaction.prototype, "oncomplete", { set() {} });"""
FULL_STORE = """IDBObjectStore.prototype.add = () => {
    throw new DOMException("no room", "QuotaExceededError");
};"""


@pytest.fixture(scope="module")
def opened_once(browser: Any, address: str) -> Iterator[pages.Live]:
    """One page for all tests of what a file may hold: loading one takes seconds."""
    with visited(browser, address) as opened:
        yield opened


@pytest.fixture
def untaught(opened_once: pages.Live) -> pages.Live:
    """`opened_once`, without what the test before it taught or was told."""
    page = opened_once.page
    if page.locator("#forget").is_visible():
        page.click("#forget")
        page.click("#forget-yes")
        note(opened_once, "All your signs are forgotten.")
    page.evaluate("document.getElementById('problem').hidden = true")
    return opened_once


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def clip_as(dtype: str) -> bytes:
    """A clip as `numpy.savez` writes it, its landmarks of some type."""
    content = io.BytesIO()
    np.savez_compressed(content, landmarks=frames_of("L", 0).astype(dtype), fps=30)
    return content.getvalue()


def masked() -> bytes:
    """A masked array as some save it: what lies under the mask, and the mask."""
    content, frames = io.BytesIO(), frames_of("L", 0)
    np.savez(content, landmarks=np.nan_to_num(frames), landmarks_mask=np.isnan(frames))
    return content.getvalue()


STRANGE = {
    "text": "cannot be read (not a .zip archive)",
    "cut": "cut.zip: is damaged; copy or save it again",
    "flipped": "flipped.zip: is damaged; copy or save it again",
    "packed": "packed.zip: is damaged; copy or save it again",
    "foreign": "contains no signs",
    "empty": "contains no signs",
    "no clip": "hello/ada_1.npz: cannot be read (not an .npz archive)",
    "no hand": "hello/ada_1.npz: shows no hand in any frame",
    "long": "/ada_1.npz: the sign is longer than 100 characters",
    "two lines": "/ada_1.npz: the sign is not one printable line: it holds U+2028",
    "turned": "/ada_1.npz: the sign is not one printable line: it holds U+202E",
    "unseen": "/ada_1.npz: the sign shows nothing",
    "mask": "/ada_1.npz: has a mask “landmarks_mask” beside the landmarks",
    "none": "None/ada_1.npz: the sign is “None”, which is the answer for no sign",
    "big end": "hello/ada_1.npz: contains landmarks of type >f4; save them as float32",
    "torn": "The same clip is given for bye and for hello.",
}


def test_a_strange_zip_is_refused_whole(untaught: pages.Live, saved: Path, tmp_path: Path) -> None:
    whole = saved.read_bytes()
    middle = len(whole) // 2
    nothing = recording(tmp_path, np.full((9, 543, 3), np.nan, np.float32)).read_bytes()
    good = recording(tmp_path, frames_of("L", 0)).read_bytes()
    (tmp_path / "text.zip").write_bytes(b"hello")
    (tmp_path / "cut.zip").write_bytes(whole[:middle])
    flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
    (tmp_path / "flipped.zip").write_bytes(flipped)
    foreign = {"photo.jpg": b"", "clip.npz": good, "__MACOSX/hello/ada_1.npz": good}
    write_zip(tmp_path / "foreign.zip", foreign)
    write_zip(tmp_path / "empty.zip", {})
    write_zip(tmp_path / "no clip.zip", {"bye/ada_1.npz": good, "hello/ada_1.npz": b"hello"})
    write_zip(tmp_path / "no hand.zip", {"bye/ada_1.npz": good, "hello/ada_1.npz": nothing})
    write_zip(tmp_path / "long.zip", {"x" * 101 + "/ada_1.npz": good})
    write_zip(tmp_path / "two lines.zip", {"a\u2028b/ada_1.npz": good})
    write_zip(tmp_path / "turned.zip", {"a\u202eb/ada_1.npz": good})
    write_zip(tmp_path / "unseen.zip", {"\u200d/ada_1.npz": good})
    write_zip(tmp_path / "mask.zip", {"hello/ada_1.npz": masked()})
    write_zip(tmp_path / "none.zip", {"None/ada_1.npz": good})
    write_zip(tmp_path / "torn.zip", {"bye/ada_1.npz": good, "hello/ada_1.npz": good})
    write_zip(tmp_path / "big end.zip", {"hello/ada_1.npz": clip_as(">f4")})
    packed = bytearray(write_zip(tmp_path / "packed.zip", {"hello/ada_1.npz": good}).read_bytes())
    packed[100:140] = b"\xff" * 40
    (tmp_path / "packed.zip").write_bytes(packed)
    for name, said in STRANGE.items():
        untaught.page.set_input_files("#teach-file", tmp_path / f"{name}.zip")
        assert said in note(untaught, "The same" if name == "torn" else f"{name}.zip")
        assert untaught.page.locator("#teach-empty").is_visible()


def test_a_zipped_folder_is_opened_too(untaught: pages.Live, tmp_path: Path) -> None:
    good = recording(tmp_path, frames_of("L", 0)).read_bytes()
    path = write_zip(tmp_path / "mine.zip", {"clips/grüße/Zoë_a.npz": good, "clips/notes.txt": b""})
    assert open_zip(untaught, path) == "Opened mine.zip: 1 example of 1 sign."
    assert heads(untaught)[0].startswith("grüße 1 example")


@pytest.mark.parametrize("number", [0.0, -1.0])
def test_numbers_for_not_found_are_taken_as_that(
    untaught: pages.Live, tmp_path: Path, number: float
) -> None:
    truth = frames_of("L", 0)
    filled = np.where(np.isnan(truth), np.float32(number), truth)
    expected, _ = validated(filled, "clip")
    assert np.isnan(expected).mean() > 0.9 * np.isnan(truth).mean()
    good = recording(tmp_path, filled).read_bytes()
    said = open_zip(untaught, write_zip(tmp_path / "mine.zip", {"hello/ada_1.npz": good}))
    named = "zeros" if number == 0 else "-1"
    assert said == (
        f"Opened mine.zip: 1 example of 1 sign. In 1 of them: {named} treated as not found; write "
        "NaN where a point was not found."
    )
    (saved,) = untaught.unpacked(untaught.saved("#save", tmp_path), tmp_path)
    with np.load(saved) as arrays:
        np.testing.assert_array_equal(arrays["landmarks"], expected)


@pytest.mark.parametrize("dtype", ["<f2", "<f8"])
def test_numbers_of_other_widths_are_read(untaught: pages.Live, tmp_path: Path, dtype: str) -> None:
    path = write_zip(tmp_path / "wide.zip", {"hello/ada_1.npz": clip_as(dtype)})
    assert open_zip(untaught, path) == "Opened wide.zip: 1 example of 1 sign."
    (saved,) = untaught.unpacked(untaught.saved("#save", tmp_path), tmp_path)
    with np.load(saved) as arrays:
        expected = frames_of("L", 0).astype(dtype).astype(np.float32)
        np.testing.assert_array_equal(arrays["landmarks"], expected)
        assert arrays["fps"] == pytest.approx(30)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (NO_STORE, "This browser keeps nothing"),
        (FULL_STORE, "This browser has no room left"),
        (DEAF_STORE, "This browser's storage does not answer"),
        (STUCK_STORE, "This browser's storage does not answer"),
    ],
)
def test_where_nothing_can_be_kept_it_works_and_says_so(
    browser: Any, address: str, saved: Path, script: str, said: str
) -> None:
    with visited(browser, address, script) as live:
        open_zip(live, saved)
        assert model_name(live) == "tiny: 6 signs, 2 of them taught"
        assert live.page.locator("#teach-trouble").inner_text().startswith(said)


@pytest.mark.filterwarnings("ignore:Only one sign, hello")
def test_a_taught_model_file_is_used_and_added_to(
    quick: pages.Live, saved: Path, model: Path, tmp_path: Path
) -> None:
    clips = [frames_of("L", 0), frames_of("Y", 0), frames_of("Y", 1)]
    taught = signlet.teach(model, clips, ["hello", "yes", "yes"], keep_signs=True)
    taught.save(tmp_path / "taught.onnx")
    quick.page.set_input_files("#model", tmp_path / "taught.onnx")
    quick.page.locator("#model-name").filter(has_text="taught: 6 signs, 2 of them").wait_for()
    assert [text.split(".")[0] for text in heads(quick)] == [
        "hello 1 example (all in the model file)",
        "yes 2 examples (all in the model file)",
    ]
    facts = quick.page.locator("#facts").text_content() or ""
    assert "Says none of the signs belowdecided by how alike the examples are" in facts
    assert_named_as_by(quick, taught, tmp_path)
    thanks = [ref for ref in open_source(saved).refs() if ref.sign == "thanks"]
    clip = open_source(saved).read(thanks[0])
    content = zipfile.ZipFile(saved).read("thanks/ada-l_1.npz")
    open_zip(quick, write_zip(tmp_path / "more.zip", {"thanks/ada_1.npz": content}))
    assert model_name(quick) == "taught: 7 signs, 3 of them taught"
    assert_named_as_by(quick, taught.with_examples([clip], ["thanks"]), tmp_path)
    content = zipfile.ZipFile(saved).read("hello/ada-l_1.npz")
    open_zip(quick, write_zip(tmp_path / "again.zip", {"hello/ada_1.npz": content}))
    again = signlet.teach(model, [open_source(saved).read(open_source(saved).refs()[0])], ["hello"])
    again.save(tmp_path / "again.onnx")
    quick.page.set_input_files("#model", tmp_path / "again.onnx")
    quick.page.locator("#model-name").filter(has_text="again: 2 taught signs").wait_for()
    assert heads(quick)[0].startswith("hello 1 example (all in the model file)")
    assert_named_as_by(
        quick, again.with_examples([clip], ["thanks"]), tmp_path
    )  # none counts twice
    quick.page.click("#built-in")
    quick.page.locator("#model-name").filter(has_text="tiny: 6 signs").wait_for()


def test_a_damaged_taught_file_is_refused(
    untaught: pages.Live, model: Path, tmp_path: Path
) -> None:
    entries = {"taught": {"signs": []}}
    path = tmp_path / "odd.onnx"
    path.write_bytes(with_entries(model.read_bytes(), ".onnx", entries, "odd"))
    untaught.page.set_input_files("#model", path)
    assert untaught.problem().startswith("odd.onnx: is damaged (")
    assert model_name(untaught) == "tiny: 4 signs"


def test_a_model_without_prototypes_names_taught_signs_alone(
    live: pages.Live, saved: Path, model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bare.onnx"
    path.write_bytes(with_entries(model.read_bytes(), ".onnx", {"prototypes": None}, "bare"))
    live.page.set_input_files("#model", path)
    live.page.locator("#model-name").filter(has_text="bare").wait_for()
    open_zip(live, saved)
    assert model_name(live) == "bare: 2 taught signs"
    assert live.page.locator("[name=teach-with][value=both]").is_disabled()
    assert live.page.locator("[name=teach-with][value=own]").is_checked()
    assert "cannot use yours together with them" in live.page.locator("#teach-why").inner_text()


@pytest.mark.parametrize("calm", [False, True])
def test_examples_move_unless_motion_is_not_wanted(
    browser: Any, address: str, saved: Path, calm: bool
) -> None:
    live = pages.visit(browser, address, reduced_motion="reduce" if calm else "no-preference")
    live.ready()
    open_zip(live, saved)
    canvas = live.page.locator("#lessons canvas").first
    canvas.scroll_into_view_if_needed()
    drawn = "(c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v)"
    live.page.wait_for_function(drawn, arg=canvas.element_handle())
    if calm:
        assert pages.stands_still(canvas, 900)
    else:
        pages.wait_until_it_moves(canvas)
    live.page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_panel_is_accessible_and_fits(
    browser: Any, address: str, saved: Path, scheme: Any, node_modules: Path
) -> None:
    live = pages.visit(browser, address, color_scheme=scheme, bypass_csp=True)
    live.ready()
    live.page.add_script_tag(path=node_modules / "axe-core" / "axe.min.js")
    open_zip(live, saved)
    for asked in (False, True):
        if asked:
            live.page.click("#forget")
        for width, height in ((390, 844), (1440, 900)):
            live.page.set_viewport_size({"width": width, "height": height})
            live.page.wait_for_timeout(250)
            assert live.page.evaluate(AXE, RULES) == [], (width, asked)
            assert live.page.evaluate("document.documentElement.scrollWidth") <= width
    live.page.context.close()
