"""Signs taught on the live page, by its own buttons: named, kept, saved, forgotten."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

import signlet
from signlet.recognition.recogniser import Recogniser
from signlet.sources import open_source
from signlet_testing import pages
from signlet_testing.live_page import browser, node_modules, tool
from signlet_testing.page_teaching import (
    TAUGHT,
    address,
    assert_named_as_by,
    begin,
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
PLAYED = """(share) => document.querySelector('#progress').value >= share
    || document.querySelector('#stage').dataset.source === "none" """


def taught_by_python(model: Path, archive: Path, keep: bool) -> Recogniser:
    source = open_source(archive)
    clips = [source.read(ref) for ref in source.refs()]
    signs = [str(clip.sign) for clip in clips]
    return signlet.teach(model, clips, signs, keep_signs=keep)


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
    live.page.locator("#forget-no:focus").wait_for()
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
        note(live, "Removed: one example of hello.")
        live.page.locator(f"[aria-label='Throw away {left}']:focus").wait_for()
        live.page.evaluate("document.getElementById('teach-note').textContent = ''")
    assert [text.split(".")[0] for text in heads(live)] == ["thanks 1 example"]
    assert model_name(live) == "tiny: 5 signs, 1 of them taught"
    live.page.keyboard.press("Enter")
    note(live, "Removed: one example of thanks.")
    live.page.locator("#teach-sign:focus").wait_for()
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
    live.page.wait_for_function(PLAYED, arg=0.3)
    live.page.keyboard.down("Enter")  # as a key that is held repeats itself
    live.page.wait_for_function(PLAYED, arg=0.6)
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
    live.page.locator("#teach-sign:focus").wait_for()
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
