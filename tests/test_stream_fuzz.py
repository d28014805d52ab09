"""Whatever a stream holds, its segments are in order, within bounds, and nothing is raised."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from signlet.stream import Segment, Segmenter, StreamRecogniser, StreamSettings
from signlet_testing.streams import Recorded, fake, random_stream

SETTINGS = st.builds(
    StreamSettings,
    gap=st.floats(0, 1),
    change=st.floats(0, 0.5),
    hold=st.floats(0, 1),
    settle=st.floats(0, 0.5),
    leave=st.floats(0, 1),
    answer_after=st.floats(0, 2),
    shortest=st.floats(0, 0.5),
    longest=st.floats(1.1, 4),
    max_frames=st.integers(4, 50),
)


def forward(recorded: Recorded) -> list[Recorded]:
    """Cut where a new stream begins; frames that come late are left out."""
    parts: list[Recorded] = []
    for frame, time in zip(recorded.frames, recorded.times, strict=True):
        if not parts or abs(time - parts[-1].times[-1]) > StreamSettings().break_after:
            parts.append(Recorded([], []))
        if not parts[-1].times or time > parts[-1].times[-1]:
            parts[-1].frames.append(frame)
            parts[-1].times.append(time)
    return parts


def check(segments: list[tuple[Segment, float]], recorded: Recorded, given: StreamSettings) -> None:
    """segments: with the time of the frame that brought them."""
    steps = np.diff(recorded.times)
    slack = (float(steps.max()) if len(steps) else 0.0) + 1e-9
    last = recorded.times[0]
    for segment, told in segments:
        assert last <= segment.start <= segment.end <= told
        assert segment.end - segment.start <= given.longest + slack
        assert told - segment.end <= given.latency + slack
        assert 1 <= len(segment.frames) <= given.max_frames
        assert segment.frames.dtype == np.float32
        assert not np.isinf(segment.frames).any()
        last = segment.end


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), given=SETTINGS)
def test_segments_keep_their_promises(seed: int, given: StreamSettings) -> None:
    for part in forward(random_stream(seed)):
        segmenter, found = Segmenter(given), []
        for frame, time in zip(part.frames, part.times, strict=True):
            found += [(segment, time) for segment in segmenter.push(frame, time)]
        found += [(segment, part.times[-1]) for segment in segmenter.finish()]
        check(found, part, given)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), mirrored=st.booleans())
def test_a_stream_is_the_sum_of_its_parts(seed: int, mirrored: bool) -> None:
    """A hole, a step back and late frames change nothing in what is around them."""
    whole = random_stream(seed)
    stream, parted = StreamRecogniser(fake, mirrored=mirrored), []
    for part in forward(whole):
        parted += [
            e for f, t in zip(part.frames, part.times, strict=True) for e in stream.push(f, t)
        ]
        parted += stream.finish()
    stream = StreamRecogniser(fake, mirrored=mirrored)
    events = [e for f, t in zip(whole.frames, whole.times, strict=True) for e in stream.push(f, t)]
    assert events + stream.finish() == parted
