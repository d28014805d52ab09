"""Signs taught on the live page, by its own buttons: named, kept, saved, opened, forgotten."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import signlet
from signlet.clip import validated
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
from test_page import AXE, RULES, browser, node_modules, tool, visited

__all__ = ["browser", "node_modules", "tool"]
pytestmark = pytest.mark.slow
SIGNS = ("A", "B", "C", "R")
SIZE = ModelSize(dense=8, widths=(16, 24, 24, 16), heads=4)
TAUGHT = (("hello", "L", 0), ("hello", "L", 1), ("thanks", "V", 0))
"""Clips of a letter that are taught under the name of a sign."""
NO_STORE = "Object.defineProperty(window, 'indexedDB', { value: undefined });"
FULL_STORE = """IDBObjectStore.prototype.add = () => {
    throw new DOMException("no room", "QuotaExceededError");
};"""


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


def taught_by_python(model: Path, archive: Path, keep: bool) -> Recogniser:
    source = open_source(archive)
    clips = [source.read(ref) for ref in source.refs()]
    signs = [str(clip.sign) for clip in clips]
    return signlet.teach(model, clips, signs, keep_signs=keep)


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
    live.page.locator("#history li").first.wait_for(timeout=30_000)
    live.ended()
    pages.assert_shown(live.history(), events)
    return {event.sign for event in events}


def test_what_was_recorded_is_a_source_of_clips(saved: Path) -> None:
    """Only the part in which a sign is made is kept."""
    assert saved.name == "clips.zip"
    with zipfile.ZipFile(saved) as archive:
        names = ["hello/ada-l_1.npz", "hello/ada-l_2.npz", "thanks/ada-l_1.npz"]
        assert sorted(archive.namelist()) == names
    source = open_source(saved)
    for ref, (_, letter, number) in zip(source.refs(), TAUGHT, strict=True):
        kept, whole = source.read(ref).frames, frames_of(letter, number)
        assert len(whole) / 3 < len(kept) <= len(whole) - 10
        starts = range(len(whole) - len(kept) + 1)
        same = [np.array_equal(kept, whole[s : s + len(kept)], equal_nan=True) for s in starts]
        assert sum(same) == 1


def test_taught_signs_are_named_as_in_python_and_stay(
    quick: pages.Live, saved: Path, model: Path, tmp_path: Path
) -> None:
    assert model_name(quick) == "tiny: 4 signs"
    assert open_zip(quick, saved) == "Opened clips.zip: 3 examples of 2 signs."
    assert model_name(quick) == "tiny: 6 signs, 2 of them taught"
    assert [text.split(".")[0] for text in heads(quick)] == ["hello 2 examples", "thanks 1 example"]
    both = taught_by_python(model, saved, keep=True)
    assert_named_as_by(quick, both, tmp_path)
    quick.page.check("[name=teach-with][value=own]")
    quick.page.locator("#model-name").filter(has_text="2 taught signs").wait_for()
    own = taught_by_python(model, saved, keep=False)
    assert {"hello", "thanks"} <= assert_named_as_by(quick, own, tmp_path)
    quick.page.reload()
    quick.ready()
    assert model_name(quick) == "tiny: 2 taught signs"
    assert quick.page.locator("#lessons canvas").count() == 3
    assert_named_as_by(quick, own, tmp_path)
    quick.page.check("[name=teach-with][value=model]")
    quick.page.locator("#model-name").filter(has_text="4 signs").wait_for()
    assert_named_as_by(quick, signlet.load(model, threads=1), tmp_path)


def test_a_file_is_opened_once_and_everything_is_forgotten(
    live: pages.Live, saved: Path, tmp_path: Path
) -> None:
    open_zip(live, saved)
    assert open_zip(live, saved).endswith("3 of them were here already.")
    again = live.saved("#save", tmp_path)
    with zipfile.ZipFile(saved) as first, zipfile.ZipFile(again) as second:
        assert {n: first.read(n) for n in first.namelist()} == {
            n: second.read(n) for n in second.namelist()
        }
    live.page.click("#forget")
    assert live.page.locator("#forget-what").inner_text().startswith("Forget 3 examples?")
    assert live.page.evaluate("document.activeElement.id") == "forget-no"
    live.page.keyboard.press("Escape")
    assert live.page.locator("#lessons canvas").count() == 3
    live.page.click("#forget")
    live.page.click("#forget-yes")
    note(live, "All your signs are forgotten.")
    assert model_name(live) == "tiny: 4 signs"
    assert live.page.locator("#save").is_hidden()
    live.page.reload()
    live.ready()
    assert live.page.locator("#teach-empty").is_visible()


def test_a_file_is_taught_by_one_press(live: pages.Live, tmp_path: Path) -> None:
    """Nobody is quick enough to hold a button while a recording of a second is played."""
    press = live.page.get_by_role("button", name="Teach what the file shows")
    assert press.is_hidden()
    live.open_file(recording(tmp_path, frames_of("V", 1)))
    live.ended()
    press.click()
    note(live, "Type the sign first")
    live.page.fill("#teach-sign", "peace")
    press.click()
    note(live, "Recorded: peace, 1 example.")
    assert heads(live)[0].startswith("peace 1 example")
    press.click()
    note(live, "Recorded: peace, 1 example.")  # the same clip counts once
    with np.load(live.unpacked(live.saved("#save", tmp_path), tmp_path)[0]) as arrays:
        assert 0 < len(arrays["landmarks"]) <= len(frames_of("V", 1))


def test_an_example_is_thrown_away_and_the_focus_stays(live: pages.Live, saved: Path) -> None:
    open_zip(live, saved)
    away = live.page.get_by_role("button", name="Throw away example 1 of hello")
    away.focus()
    for left in ("example 1 of hello", "example 1 of thanks"):
        live.page.keyboard.press("Enter")
        note(live, "Thrown away: an example of hello.")
        live.page.locator(f"[aria-label='Throw away {left}']:focus").wait_for()
        live.page.evaluate("document.getElementById('teach-note').textContent = ''")
    assert [text.split(".")[0] for text in heads(live)] == ["thanks 1 example"]
    assert model_name(live) == "tiny: 5 signs, 1 of them taught"
    live.page.keyboard.press("Enter")
    note(live, "Thrown away: an example of thanks.")
    assert live.page.evaluate("document.activeElement.id") == "teach-sign"
    live.page.reload()
    live.ready()
    assert live.page.locator("#teach-empty").is_visible()


def test_the_space_key_is_held(live: pages.Live, tmp_path: Path) -> None:
    live.page.fill("#teach-sign", "hello")
    begin(live, recording(tmp_path, frames_of("L", 0)))
    live.page.locator("#stage").focus()
    live.page.keyboard.down("Space")
    live.ended()
    live.page.keyboard.up("Space")
    note(live, "Recorded: hello, 1 example.")
    begin(live, recording(tmp_path, frames_of("L", 1)))
    live.page.focus("#teach-hold")
    live.page.keyboard.down("Enter")
    live.page.wait_for_timeout(400)
    live.page.keyboard.down("Enter")  # as a key that is held repeats itself
    live.page.wait_for_timeout(400)
    live.page.keyboard.up("Enter")
    note(live, "Recorded: hello, 2 examples.")
    live.ended()
    live.page.focus("#teach-sign")
    live.page.keyboard.press("Space")
    assert live.page.locator("#teach-sign").input_value() == "hello "


def test_a_tap_counts_down_and_the_recording_ends_by_itself(
    live: pages.Live, tmp_path: Path
) -> None:
    """The hands are away for so long as the countdown takes."""
    away = np.full((25 * 4, 543, 3), np.nan, np.float32)
    frames = np.concatenate([away, frames_of("L", 0), away])
    live.page.fill("#teach-sign", "hello")
    begin(live, recording(tmp_path, frames))
    live.page.click("#teach-hold")
    for count in ("3", "2", "1"):
        note(live, count)
    assert live.page.locator("#live").inner_text() == "Recording in 1"
    note(live, "Sign now")
    note(live, "Recorded: hello, 1 example.")
    assert live.page.locator("#stage").get_attribute("data-source") == "clip"
    live.page.click("#teach-hold")
    note(live, "3")
    live.page.click("#teach-hold")
    assert live.page.locator("#teach").get_attribute("data-state") == "idle"
    live.page.click("#start")
    live.ended()
    (path,) = live.unpacked(live.saved("#save", tmp_path), tmp_path)
    with np.load(path) as arrays:
        assert len(arrays["landmarks"]) <= len(frames_of("L", 0))


def test_what_is_no_example_is_refused(live: pages.Live, tmp_path: Path) -> None:
    live.page.click("#teach-hold")
    note(live, "Type the sign first")
    assert live.page.evaluate("document.activeElement.id") == "teach-sign"
    live.page.fill("#teach-sign", "x" * 101)
    live.page.click("#teach-hold")
    note(live, "The name of the sign is longer than 100 characters")
    live.page.fill("#teach-sign", "NONE")
    live.page.click("#teach-hold")
    note(live, "The name of the sign is “NONE”, which is the answer for no sign.")
    live.page.fill("#teach-sign", "hello")
    handless = frames_of("L", 0).copy()
    handless[:, 468:489] = handless[:, 522:] = np.nan
    begin(live, recording(tmp_path, handless))
    live.page.click("#record")
    live.ended()
    note(live, "No hand was seen in it")
    assert live.page.locator("#teach-empty").is_visible()


def test_the_button_starts_the_camera(live: pages.Live) -> None:
    live.page.fill("#teach-sign", "hello")
    live.page.click("#teach-hold")
    note(live, "The camera starts.")
    assert live.problem().startswith("No camera was found")


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
    "foreign": "holds no signs",
    "empty": "holds no signs",
    "no clip": "hello/ada_1.npz: cannot be read (not an .npz archive)",
    "no hand": "hello/ada_1.npz: shows no hand in any frame",
    "long": "/ada_1.npz: the sign is longer than 100 characters",
    "two lines": "/ada_1.npz: the sign is not one printable line: it holds U+2028",
    "turned": "/ada_1.npz: the sign is not one printable line: it holds U+202E",
    "unseen": "/ada_1.npz: the sign shows nothing",
    "mask": "/ada_1.npz: holds “landmarks_mask” beside the landmarks",
    "none": "None/ada_1.npz: the sign is “None”, which is the answer for no sign",
    "big end": "hello/ada_1.npz: holds landmarks of type >f4; save them as float32",
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
        f"Opened mine.zip: 1 example of 1 sign. In 1 of them: {named} taken as not found; write "
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
    [(NO_STORE, "This browser keeps nothing"), (FULL_STORE, "This browser has no room left")],
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
    assert "Answers none belowdecided by likeness to the taught examples" in facts
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
    assert "cannot stand beside them" in live.page.locator("#teach-why").inner_text()


@pytest.mark.parametrize("calm", [False, True])
def test_examples_move_unless_motion_is_not_wanted(
    browser: Any, address: str, saved: Path, calm: bool
) -> None:
    live = pages.visit(browser, address, reduced_motion="reduce" if calm else "no-preference")
    live.ready()
    open_zip(live, saved)
    canvas = live.page.locator("#lessons canvas").first
    canvas.scroll_into_view_if_needed()
    live.page.wait_for_timeout(300)
    pictures = set()
    for _ in range(5):
        pictures.add(canvas.evaluate("(canvas) => canvas.toDataURL()"))
        live.page.wait_for_timeout(150)
    assert (len(pictures) == 1) == calm
    assert canvas.evaluate(
        "(c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v)"
    )
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
