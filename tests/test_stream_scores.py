"""The evaluation of streams: what is joined, what counts as found, what a window's events are."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.streams.stream_methods import HOP, Heard, Merging, merged, named, segments
from benchmarks.streams.stream_scenes import SceneMaker, TrueSign, Truth, slow_part
from benchmarks.streams.stream_scores import Found, tally
from signlet.clip import Clip
from signlet.stream import StreamSettings
from signlet_testing.streams import act, sign

A, B = TrueSign("a", 1.0, 2.0, (0, 0)), TrueSign("b", 4.0, 5.0, (0, 0))
UNKNOWN = TrueSign(None, 7.0, 8.0, (0, 0))
TRUTH = Truth((A, B, UNKNOWN), 6.0)


def test_perfect_events() -> None:
    found = [Found("a", 1, 2, 2.2), Found("b", 4, 5, 5.4), Found(None, 7, 8, 8.3)]
    figures = tally(TRUTH, found).figures()
    assert (figures["f1"], figures["f1_sign"], figures["unknown_named"]) == (1, 1, 0)
    assert figures["delay_median"] == pytest.approx(0.3)
    assert figures["false_per_minute"] == 0


def test_events_that_are_wrong_in_each_way() -> None:
    found = [
        Found("b", 1.1, 2.1, 2.3),  # another sign
        Found("b", 4.6, 5.5, 5.5),  # too little in common
        Found("a", 5.8, 6.8, 7.0),  # in a rest
        Found(None, 9.0, 9.5, 9.6),  # in a rest, without a name
        Found("a", 7.0, 8.0, 8.0),  # a name for an unknown sign
    ]
    counts = tally(TRUTH, found)
    assert (counts.hits, counts.right, counts.named) == (2, 0, 4)
    assert (counts.false_events, counts.false_named, counts.unknown_named) == (3, 2, 1)
    assert counts.figures()["false_per_minute"] == pytest.approx(30)
    assert counts.figures()["f1"] == pytest.approx(2 * 2 / (3 + 5))


def test_an_event_counts_for_one_sign_and_a_sign_for_one_event() -> None:
    twice = [Found("a", 1.0, 2.0, 2.0), Found("a", 1.1, 2.0, 2.0)]
    counts = tally(TRUTH, twice)
    assert (counts.hits, counts.right) == (1, 1)
    both = Truth((A, TrueSign("a", 2.0, 3.0, (0, 0))), 1.0)
    assert tally(both, [Found("a", 1.0, 3.0, 3.0)]).hits == 1


def test_counts_add_up() -> None:
    one, other = (tally(TRUTH, [Found("a", 1, 2, told)]) for told in (2.1, 2.5))
    one.add(other)
    assert (one.truth, one.hits, one.delays) == (6, 2, pytest.approx((0.1, 0.5)))


def looks(*answers: tuple[float, str, float]) -> list[Heard]:
    return [Heard(end - 1, end, end, name, sure) for end, name, sure in answers]


def test_windows_in_a_row_are_an_event() -> None:
    heard = looks(
        (2.0, "a", 0.9), (2.2, "a", 0.8), (2.4, "a", 0.2), (2.6, "b", 0.9), (3.6, "b", 0.9)
    )
    first, second, third = merged(heard, Merging(0.5, 1, 0.2))
    assert (first.sign, first.start, first.end) == ("a", pytest.approx(1.2), pytest.approx(2.0))
    assert first.told == pytest.approx(2.2 + HOP)
    assert (second.sign, third.sign) == ("b", "b")  # windows were left out between
    assert second.start == pytest.approx(2.0)  # not before the end of the first
    assert len(merged(heard, Merging(0.5, 2, 0.2))) == 1
    assert [event.sign for event in named(heard, 0.5)] == ["a", "a", None, "b", "b"]


@pytest.fixture
def clips() -> list[Clip]:
    return [
        Clip.from_array(
            np.stack(act(*sign(0, 0.6, shape)).frames), f"{shape}", f"{shape}", fps=25.0
        )
        for shape in (0.0, 0.4, 0.7, 1.0)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_a_scene_holds_the_clips_and_says_where(clips: list[Clip], seed: int) -> None:
    scene = SceneMaker(clips[:3], clips[3:], seed).make()
    assert sorted(str(s.sign) for s in scene.truth.signs) == ["0.0", "0.4", "0.7", "None"]
    by_sign = {clip.sign: clip.frames for clip in clips[:3]} | {None: clips[3].frames}
    for one in scene.truth.signs:
        own = scene.frames[one.frames[0] : one.frames[1] + 1]
        assert any(np.array_equal(own[0], frame, equal_nan=True) for frame in by_sign[one.sign])
        assert one.start < one.end
    ends = [s.end for s in scene.truth.signs[:-1]]
    assert all(end <= later.start for end, later in zip(ends, scene.truth.signs[1:], strict=True))


def test_the_stream_recogniser_finds_the_signs_of_a_scene(clips: list[Clip]) -> None:
    for seed in range(3):
        scene = SceneMaker([clips[0], clips[-1]], [], seed).make()
        for seen in (scene, scene.dropping(0.3, 0), scene.slower(10)):
            found = named(segments(seen, StreamSettings(), None), 0.0)
            assert tally(seen.truth, found).hits == 2


def test_the_slow_part_is_the_hold(clips: list[Clip]) -> None:
    first, last = slow_part(clips[0].frames, 25.0)
    assert (first / 25, last / 25) == pytest.approx((0.3, 0.9), abs=0.09)
