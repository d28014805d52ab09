"""Where signs start and end in a stream, and what is said of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from signlet.errors import SignletError
from signlet.landmarks import LEFT_HAND, RIGHT_HAND
from signlet.recognition.recogniser import Prediction
from signlet.stream import Segment, Segmenter, SignEvent, StreamRecogniser, StreamSettings
from signlet.stream.frames import FrameBuffer
from signlet.stream.mirror import turn
from signlet_testing.streams import DOWN, UP, Frames, Key, Recorded, act, fake, segments_of, sign

NOTHING = np.full((543, 3), np.nan, np.float32)
ONE = [(0.0, DOWN, 0.0), *sign(1.0, 0.6), (4.0, DOWN, 0.0)]
TWO_HELD = [
    (0.0, DOWN, 0.0),
    (1.0, DOWN, 0.0),
    (1.3, UP, 0.0),
    (1.9, UP, 0.0),
    (2.1, UP, 1.0),
    (2.7, UP, 1.0),
    (3.0, DOWN, 1.0),
    (4.0, DOWN, 1.0),
]
"""Two shapes, the hand stays up between them."""
RATES = [8, 12.5, 25, 30, 60]


def spans(found: list[Segment]) -> list[tuple[float, float]]:
    return [(round(segment.start, 2), round(segment.end, 2)) for segment in found]


# --- start and end ------------------------------------------------------------------------


@pytest.mark.parametrize("fps", RATES)
def test_a_sign_between_rests_lasts_while_the_hand_is_up(fps: float) -> None:
    (found,) = segments_of(act(*ONE, fps=fps))
    assert found.start == pytest.approx(1.1, abs=0.1 + 1 / fps)
    assert found.end == pytest.approx(2.1, abs=0.1 + 1 / fps)
    assert len(found.frames) == pytest.approx((found.end - found.start) * fps + 1, abs=1)


@pytest.mark.parametrize("fps", RATES)
def test_two_shapes_without_a_rest_are_two_signs(fps: float) -> None:
    first, second = segments_of(act(*TWO_HELD, fps=fps))
    assert first.end == second.start == pytest.approx(2.0, abs=0.1 + 1 / fps)


@pytest.mark.parametrize("seed", range(5))
def test_lost_frames_do_not_matter(seed: int) -> None:
    whole = act(*TWO_HELD, fps=30)
    lossy = whole.only(np.random.default_rng(seed).random(len(whole.times)) >= 0.3)
    assert np.allclose(spans(segments_of(lossy)), spans(segments_of(whole)), atol=0.15)


def test_a_rate_that_changes_within_the_sign_does_not_matter() -> None:
    whole = act(*TWO_HELD, fps=60)
    kept = [time < 1.6 or i % 6 == 0 for i, time in enumerate(whole.times)]
    assert np.allclose(spans(segments_of(whole.only(kept))), spans(segments_of(whole)), atol=0.15)


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param([(0, None, 0), (5, None, 0)], id="no hand"),
        pytest.param([(0, DOWN, 0), (5, DOWN, 1)], id="hand moves low"),
        pytest.param([(0, DOWN, 0), (1, UP, 0), (1.1, None, 0), (3, None, 0)], id="flicker"),
    ],
)
def test_no_sign(keys: list[Key]) -> None:
    settings = StreamSettings(shortest=0.8)  # the way up of the last one is no sign yet
    assert segments_of(act(*keys), settings) == []


def test_the_hand_going_down_after_a_hold_belongs_to_the_sign() -> None:
    slow = [(0, DOWN, 0), (0.3, UP, 0), (1.0, UP, 0), (1.5, DOWN, 0), (3, DOWN, 0)]
    (found,) = segments_of(act(*slow))
    assert found.end > 1.25


def test_a_short_hole_in_the_hands_is_bridged_and_a_long_one_is_not() -> None:
    def with_hole(seconds: float) -> list[Segment]:
        end = 1.5 + seconds
        keys = [
            *sign(0, 0.6)[:2],
            (1.5, None, 0),
            (end, UP, 0),
            (end + 0.5, UP, 1),
            (end + 2, None, 0),
        ]
        return segments_of(act(*keys, (end + 3, None, 0)), StreamSettings(answer_after=5, hold=3))

    assert len(with_hole(0.15)) == 1
    assert len(with_hole(0.6)) == 2


def test_a_shape_that_is_held_is_answered_once_and_the_next_one_again() -> None:
    held = [(0, DOWN, 0), (0.3, UP, 0), (5.0, UP, 0), (5.2, UP, 1), (9.0, UP, 1)]
    first, second = segments_of(act(*held))
    assert first.end == pytest.approx(0.3 + StreamSettings().answer_after, abs=0.1)
    assert second.start == pytest.approx(5.1, abs=0.1)
    assert second.end == pytest.approx(5.2 + StreamSettings().answer_after, abs=0.1)


def test_a_hand_that_goes_down_after_the_answer_is_no_sign() -> None:
    held = [(0, DOWN, 0), (0.3, UP, 0), (5.0, UP, 0), (5.4, DOWN, 0), (7.0, DOWN, 0)]
    assert len(segments_of(act(*held))) == 1


def test_hands_that_never_stop_are_cut() -> None:
    waving = [(i * 0.2, UP + 0.4 * (i % 2), i % 2) for i in range(60)]
    settings = StreamSettings(longest=2.0)
    found = segments_of(act(*waving), settings)
    assert len(found) == 6
    assert max(segment.end - segment.start for segment in found) <= 2.0 + 1 / 25


def test_a_sign_is_open_until_the_stream_ends() -> None:
    segmenter = Segmenter()
    recorded = act(*ONE).only([time < 1.8 for time in act(*ONE).times])
    states = []
    for frame, time in zip(recorded.frames, recorded.times, strict=True):
        assert segmenter.push(frame, time) == []
        states.append(segmenter.state)
    assert (states[0], states[-1]) == ("rest", "signing")
    (found,) = segmenter.finish()
    assert found.end == recorded.times[-1]
    assert segmenter.state == "rest"
    assert segmenter.finish() == []


def test_the_shape_of_the_picture_does_not_matter() -> None:
    wide = segments_of(act(*TWO_HELD, aspect=16 / 9))
    tall = segments_of(act(*TWO_HELD, aspect=9 / 16))
    assert spans(wide) == spans(tall) == spans(segments_of(act(*TWO_HELD)))


def test_hands_without_a_body_are_segmented_by_presence() -> None:
    recorded = act((0, None, 0), (1, UP, 0), (1.9, UP, 0), (1.9, None, 0), (3, None, 0))
    for frame in recorded.frames:
        frame[489:522] = np.nan
    (found,) = segments_of(recorded)
    assert (found.start, found.end) == pytest.approx((1, 1.9), abs=0.08)


# --- bounds -------------------------------------------------------------------------------


def test_events_come_within_the_latency() -> None:
    settings = StreamSettings()
    for keys in (ONE, TWO_HELD):
        segmenter, recorded = Segmenter(settings), act(*keys, fps=25)
        for frame, time in zip(recorded.frames, recorded.times, strict=True):
            for segment in segmenter.push(frame, time):
                assert time - segment.end <= settings.latency + 1 / 25 + 1e-9


def test_frames_are_thinned_evenly() -> None:
    waving = [(i * 0.2, UP + 0.4 * (i % 2), i % 2) for i in range(20)]
    recorded = act(*waving, fps=60)
    for frame, time in zip(recorded.frames, recorded.times, strict=True):
        frame[0] = time
    (found,) = segments_of(recorded, StreamSettings(max_frames=20))
    assert 10 <= len(found.frames) <= 20
    steps = np.diff(found.frames[:, 0, 0])
    assert np.allclose(steps, steps[0], atol=1e-5)
    assert found.frames[-1, 0, 0] == pytest.approx(found.end, abs=2 * float(steps[0]))


def test_nothing_grows_with_the_stream() -> None:
    buffer = FrameBuffer(16)
    for i in range(5000):
        buffer.add(float(i), NOTHING)
        assert len(buffer) <= 16
    assert len(buffer) > 4


def test_frames_are_copied() -> None:
    buffer, segmenter = NOTHING.copy(), Segmenter()
    recorded, found = act(*ONE), []
    for frame, time in zip(recorded.frames, recorded.times, strict=True):
        buffer[:] = frame
        found += segmenter.push(buffer, time)
    np.testing.assert_array_equal(found[0].frames, segments_of(recorded)[0].frames)


# --- time ---------------------------------------------------------------------------------


@pytest.mark.parametrize("time", [float("nan"), float("inf"), -float("inf")])
def test_a_time_that_is_none_is_refused(time: float) -> None:
    with pytest.raises(SignletError, match="give seconds"):
        Segmenter().push(NOTHING, time)


@pytest.mark.parametrize("shape", [(543,), (542, 3), (543, 2), (1, 2, 543, 3), (0,)])
def test_a_frame_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SignletError, match=r"expected \(543, 3\)"):
        Segmenter().push(np.zeros(shape), 0.0)


@pytest.mark.parametrize("frame", ["x", [None], [["a", "b"]], [[1, 2], [3]]])
def test_a_frame_of_no_numbers_is_refused(frame: Any) -> None:
    with pytest.raises(SignletError, match=r"something else than numbers|expected"):
        StreamRecogniser(Counting(), mirrored=True).push(frame, 0.0)


def test_frames_that_come_late_or_twice_are_left_out() -> None:
    whole = act(*TWO_HELD)
    late = Recorded([], [])
    for frame, time in zip(whole.frames, whole.times, strict=True):
        late.frames += [frame, NOTHING, NOTHING]
        late.times += [time, time, time - 0.3]
    assert spans(segments_of(late)) == spans(segments_of(whole))


def test_a_hole_or_a_step_back_starts_a_new_stream() -> None:
    half = act(*ONE).only([time < 1.8 for time in act(*ONE).times])
    for shift in (100.0, -100.0):
        twice = Recorded(half.frames * 2, half.times + [time + shift for time in half.times])
        first, second = segments_of(twice)
        assert first.end == pytest.approx(half.times[-1])
        assert second.start - first.start == pytest.approx(shift)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hold": -1.0},
        {"gap": float("nan")},
        {"max_frames": 3},
        {"longest": 0.3},
        {"max_frames": 9.5},
    ],
)
def test_settings_that_are_none_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SignletError, match=next(iter(wrong))):
        StreamSettings(**wrong)  # type: ignore[arg-type]


# --- people -------------------------------------------------------------------------------


def together(*people: Recorded) -> Recorded:
    return Recorded(
        [np.stack(frames) for frames in zip(*(p.frames for p in people), strict=True)],
        people[0].times,
    )


def test_the_largest_person_is_followed_whatever_the_order() -> None:
    near = act(*ONE, x=0.3, width=0.2)
    far = act(*TWO_HELD, x=0.8, width=0.1)
    assert spans(segments_of(together(near, far))) == spans(segments_of(near))
    assert spans(segments_of(together(far, near))) == spans(segments_of(near))


def test_a_larger_person_who_passes_does_not_take_over() -> None:
    signer = act(*TWO_HELD, x=0.3, width=0.15)
    passing = act((0, UP, 0), (4, UP, 1), x=0.8, width=0.4)
    frames = [
        np.stack([other, own]) if 1.2 < time < 1.9 else own[None]
        for own, other, time in zip(signer.frames, passing.frames, signer.times, strict=True)
    ]
    assert spans(segments_of(Recorded(frames, signer.times))) == spans(segments_of(signer))


def test_a_larger_person_who_stays_takes_over_while_the_followed_one_rests() -> None:
    resting = act((0, None, 0), (8, None, 0), x=0.3, width=0.1)
    signing = act((0, None, 0), *[(t + 4, h, s) for t, h, s in ONE], x=0.7, width=0.2)
    alone = resting.frames[:25]
    frames = [frame[None] for frame in alone]
    frames += list(together(resting, signing).frames[25:])
    (found,) = segments_of(Recorded(frames, resting.times))
    assert found.start == pytest.approx(5.1, abs=0.1)


def test_who_is_gone_is_given_up() -> None:
    first = act((0, None, 0), (1, None, 0), x=0.2)
    second = act((0, None, 0), *[(t + 3, h, s) for t, h, s in ONE], x=0.8)
    frames = [*first.frames, *second.frames[len(first.frames) :]]
    assert len(segments_of(Recorded(frames, second.times))) == 1


def test_nobody_is_nobody() -> None:
    segmenter = Segmenter()
    assert segmenter.push(np.zeros((0, 543, 3), np.float32), 0.0) == []
    assert segmenter.state == "rest"


# --- events -------------------------------------------------------------------------------


class Counting:
    """A recogniser that keeps what it was asked."""

    max_frames = 20

    def __init__(self, confidence: float = 0.9, threshold: float = 0.0) -> None:
        rest = (1 - confidence) / 2
        self.answer = Prediction(("x", "y", "z"), np.float32([rest, confidence, rest]), threshold)
        self.asked: list[Frames] = []

    def __call__(self, frames: Frames) -> Prediction:
        self.asked.append(frames)
        return self.answer


def events_of(stream: StreamRecogniser, recorded: Recorded) -> list[SignEvent]:
    found = [
        event
        for frame, time in zip(recorded.frames, recorded.times, strict=True)
        for event in stream.push(frame, time)
    ]
    return found + stream.finish()


def test_an_event_is_what_the_recogniser_says_of_the_segment() -> None:
    counting, recorded = Counting(), act(*TWO_HELD)
    events = events_of(StreamRecogniser(counting), recorded)
    expected = segments_of(recorded, StreamSettings(max_frames=20))
    assert [(e.start, e.end) for e in events] == [(s.start, s.end) for s in expected]
    assert [e.sign for e in events] == ["y", "y"]
    assert events[0].confidence == pytest.approx(0.9)
    assert [name for name, _ in events[0].top] == ["y", "x", "z"]
    assert len(counting.asked) == 2
    for asked, segment in zip(counting.asked, expected, strict=True):
        np.testing.assert_array_equal(asked, segment.frames)


@pytest.mark.parametrize(
    ("least", "threshold", "named"), [(0.0, 0.0, "y"), (0.8, 0.0, None), (0.0, 0.8, None)]
)
def test_below_a_threshold_it_is_none_of_the_signs(
    least: float, threshold: float, named: str | None
) -> None:
    settings = StreamSettings(min_confidence=least)
    stream = StreamRecogniser(Counting(0.7, threshold), settings)
    (event,) = events_of(stream, act(*ONE))
    assert event.sign == named
    assert event.top[0][0] == "y"


def test_a_mirrored_camera_is_turned_back() -> None:
    plain = act(*TWO_HELD)
    mirrored = Recorded([turn(frame) for frame in plain.frames], plain.times)
    counting, turned = Counting(), Counting()
    events = events_of(StreamRecogniser(counting), plain)
    assert events_of(StreamRecogniser(turned, mirrored=True), mirrored) == events
    for one, other in zip(counting.asked, turned.asked, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_turning_twice_changes_nothing() -> None:
    frame = act(*ONE).frames[40]
    frame[LEFT_HAND] = 0.25
    np.testing.assert_allclose(turn(turn(frame)), frame, atol=1e-7)
    np.testing.assert_allclose(turn(frame)[RIGHT_HAND, 0], 0.75)


def many_signs(right: bool) -> Recorded:
    return act(*[key for i in range(20) for key in sign(2.0 * i, 0.9)], fps=10, right=right)


def test_a_mirrored_camera_is_suspected_where_the_left_hand_does_the_work() -> None:
    stream = StreamRecogniser(fake)
    assert stream.suggestion is None
    events_of(stream, many_signs(right=False))
    assert "pass mirrored=True" in str(stream.suggestion)


def test_and_not_of_a_right_handed_signer() -> None:
    stream = StreamRecogniser(fake)
    events_of(stream, many_signs(right=True))
    assert stream.suggestion is None


def test_a_flag_that_is_wrong_is_suspected_too() -> None:
    stream = StreamRecogniser(fake, mirrored=True)
    events_of(stream, many_signs(right=True))
    assert "leave out mirrored=True" in str(stream.suggestion)


def test_a_single_person_array_is_the_same_as_a_frame() -> None:
    recorded = act(*ONE)
    stacked = Recorded([frame[None] for frame in recorded.frames], recorded.times)
    assert spans(segments_of(stacked)) == spans(segments_of(recorded))
