"""The live page in a browser, fed with recorded landmarks: the same signs as in Python."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signlet
from signlet.clip import validated
from signlet.landmarks import LEFT_HAND, RIGHT_HAND
from signlet.pretrained import STARTER, model_path
from signlet.printable import in_a_message
from signlet.sources import open_source, read_clip
from signlet.stream.mirror import turn
from signlet_testing import pages
from signlet_testing.clips import moving_hand
from signlet_testing.live_page import (
    WORD,
    address,
    browser,
    live,
    opened_once,
    read,
    recorded,
    site,
    told,
    tool,
    visited,
    word,
)

__all__ = ["address", "browser", "live", "opened_once", "read", "site", "tool", "word"]

pytestmark = pytest.mark.slow
DRAWN = """(canvas) => {
    const { width, height } = canvas;
    const blank = Object.assign(document.createElement("canvas"), { width, height });
    return canvas.toDataURL() !== blank.toDataURL();
}"""
"""Whether anything is drawn on a canvas."""


@pytest.fixture
def quick(browser: Any, address: str) -> Iterator[pages.Live]:
    with visited(browser, address, pages.QUICK) as opened:
        yield opened


def test_zeros_are_taken_as_not_found_and_the_page_says_so(
    quick: pages.Live, tmp_path: Path
) -> None:
    frames, times = recorded()
    filled = np.nan_to_num(frames)
    quick.open_file(pages.write_recording(tmp_path / "word.npz", filled, times))
    quick.page.locator("#history li").nth(1).wait_for()
    quick.ended()
    pages.assert_shown(quick.history(), told(validated(filled, "word")[0], times))
    said = "word.npz: zeros treated as not found; write NaN where a point was not found"
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
    quick.page.wait_for_selector('#stage[data-source="clip"]')
    quick.page.locator("#history li").nth(1).wait_for()
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
    assert "" not in quick.page.locator("#rate, #naming").all_text_contents()


def test_of_a_file_without_hands_the_page_says_so(quick: pages.Live, tmp_path: Path) -> None:
    frames, times = (array[:20].copy() for array in recorded())
    frames[:, LEFT_HAND], frames[:, RIGHT_HAND] = np.nan, np.nan
    quick.open_file(pages.write_recording(tmp_path / "face.npz", frames, times))
    quick.page.locator("#played").wait_for()
    said = "face.npz has ended. No hand was found in any frame, so there was no sign to see."
    assert quick.page.locator("#played-what").inner_text() == said


def test_after_a_file_its_last_frame_stays_and_it_can_be_played_again(
    quick: pages.Live, word: Path
) -> None:
    page = quick.page
    assert page.locator("#welcome").is_visible()
    assert page.locator("#sign").inner_text() == "Your sign appears here"
    quick.open_file(word)
    page.locator("#played").wait_for()
    assert page.locator("#played-what").inner_text() == "word.npz has ended."
    assert page.locator("#overlay").evaluate(DRAWN)
    assert page.locator("#welcome").is_hidden()
    assert page.locator("#figures").inner_text() == "Details"  # numbers are for those who ask
    before = len(quick.history())
    page.click("#replay")
    page.locator("#played").wait_for(state="hidden")
    page.locator("#played").wait_for()
    assert len(quick.history()) == 2 * before
    shows_the_last_file = page.evaluate(
        """() => new Promise((told) => {
            const settings = { attributeFilter: ["data-source"] };
            new MutationObserver(() => told(drawn(overlay))).observe(stage, settings);
            document.getElementById("to-camera").click();
        })""".replace("drawn(", f"({DRAWN})(")
    )
    assert not shows_the_last_file
    assert quick.problem().startswith("No camera")
    assert page.locator("#sign").inner_text() == "Your sign appears here"
    assert len(quick.history()) == 2 * before
    quick.open_file(word)
    page.click("#start")
    page.locator("#welcome").wait_for()
    assert not page.locator("#overlay").evaluate(DRAWN)


def test_the_skeleton_of_an_empty_stage_moves_only_if_it_may(browser: Any, address: str) -> None:
    for motion, moves in (("reduce", False), ("no-preference", True)):
        live = pages.visit(browser, address, reduced_motion=motion)
        figure = live.page.locator("#figure")
        live.page.wait_for_function("() => figure.width > 1")
        if moves:
            pages.wait_until_it_moves(figure)
            live.page.click("#still")
        assert pages.stands_still(figure)
        assert figure.evaluate(DRAWN)
        live.page.context.close()


def test_picture_and_answer_end_on_one_line(live: pages.Live) -> None:
    edges = """(at) => ["#stage", ".answer"].map((name) => document.querySelector(name)
        .getBoundingClientRect()).map(({ top, bottom }) => [top, bottom])"""
    for high in (600, 900, 1300):
        live.page.set_viewport_size({"width": 1440, "height": high})
        stage, answer = live.page.evaluate(edges)
        assert stage == pytest.approx(answer, abs=1)


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
    hint.wait_for()
    assert "camera mirrors" in hint.inner_text()
    quick.page.click("#hint-turn")
    assert quick.page.locator("#mirrored").is_checked()
    quick.ended()
    assert hint.is_hidden()
    quick.page.uncheck("#mirrored")
    quick.open_file(path)
    hint.wait_for()
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
    page.locator("#state").wait_for()
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
    quick.page.locator("#least").fill("0.99")
    assert quick.page.locator("#least-value").inner_text() == "99 %"
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
