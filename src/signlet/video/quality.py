"""Quality of a recording: an `Extraction` in, a `VideoQuality` and warnings with remedies out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signlet.clip.remarks import BEYOND, CUT, DAMAGED, MENDED, NO_RATE
from signlet.clip.span import USUAL_FPS
from signlet.landmarks import LEFT_HAND, POSE, RAW_PARTS, RIGHT_HAND
from signlet.meaning.hands import exchanged
from signlet.meaning.leading import leading_hand
from signlet.text.percent import percent
from signlet.video.extraction import Extraction

FEW_HANDS = 0.2
"""A hand in fewer frames than this share is too little for a sign."""
SMALL = 0.12
"""Shoulders narrower than this share of the picture's shorter side: hands of few pixels."""
DARK = 0.2
"""Mean luminance below this is low light."""
SLOW = 15.0
"""Frames a second below which fast movements are lost."""
LATE, UNEVEN = 1.5, 0.1
"""A frame is late after this many times the middle distance; this share of late ones is much."""
TILTED = 45.0
"""Degrees between the head's direction and up from which a picture seems turned."""
MOSTLY = 0.8
"""A hand leads in this share of a signer's videos."""

_BETWEEN = "; "
_NOSE, _SHOULDERS = POSE.start, (POSE.start + 11, POSE.start + 12)
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class VideoQuality:
    """Facts of one video; shares are of its frames.

    seconds: from the first frame to the end of the last; promised: what the file says.
    fps: None for a single frame. late: share of the steps between frames that are too long.
    face, left_hand, right_hand, pose, hands: frames with that part, hands: with either.
    brightness: mean luminance, 0 to 1. shoulders: their width as a share of the picture's
    shorter side; tilt: degrees from upright; both NaN without a pose.
    leading: the hand that moves more: "left", "right", "both" alike, or "none".
    swapped: the left hand is at the right wrist and the other way round.
    remarks: what is wrong with the file, phrases of `signlet.clip.remarks` after each other.
    """

    frames: int
    seconds: float
    promised: float
    fps: float | None
    late: float
    width: int
    height: int
    face: float
    left_hand: float
    right_hand: float
    pose: float
    hands: float
    brightness: float
    shoulders: float
    tilt: float
    leading: str
    swapped: bool
    extractor: str
    remarks: str = ""


def video_quality(extraction: Extraction) -> VideoQuality:
    """Facts of one extraction."""
    frames, fps = extraction.frames, extraction.fps
    found = {part: ~np.isnan(frames[:, rows, 0]).all(1) for part, rows in RAW_PARTS.items()}
    shape = np.array([extraction.width, extraction.height], np.float32)
    pixels = frames[..., :2] * shape
    length = extraction.times[-1] - extraction.times[0] + _last(extraction)
    return VideoQuality(
        frames=len(frames),
        seconds=round(float(length), 3),
        promised=extraction.promised,
        fps=fps,
        late=round(_late(extraction.times), 3),
        width=extraction.width,
        height=extraction.height,
        hands=_share(found["left_hand"] | found["right_hand"]),
        brightness=extraction.brightness,
        shoulders=round(_shoulders(pixels) / float(shape.min()), 3),
        tilt=round(_tilt(pixels), 1),
        leading=_leading(pixels),
        swapped=exchanged(pixels),
        extractor=extraction.extractor,
        remarks=_BETWEEN.join(extraction.remarks),
        **{part: _share(present) for part, present in found.items()},
    )


def _last(extraction: Extraction) -> float:
    """Seconds for which the last picture is shown: as long as most are."""
    steps = np.diff(extraction.times)
    return float(np.median(steps)) if len(steps) else 0.0


def _share(present: NDArray[np.bool_]) -> float:
    return round(float(present.mean()), 3)


def _late(times: NDArray[np.float64]) -> float:
    steps = np.diff(times)
    return float((steps > LATE * np.median(steps)).mean()) if len(steps) else 0.0


def _middle(values: Floats) -> Floats:
    """Median over all frames in which they are known; NaN if they never are."""
    known = values[~np.isnan(values).reshape(len(values), -1).any(1)]
    middle: Floats = np.median(known, 0) if len(known) else np.full(values.shape[1:], np.nan)
    return middle


def _shoulders(pixels: Floats) -> float:
    left, right = (pixels[:, point] for point in _SHOULDERS)
    return float(_middle(np.linalg.norm(left - right, axis=1)))


def _tilt(pixels: Floats) -> float:
    """Angle between straight up and the way from between the shoulders to the nose."""
    x, y = _middle(pixels[:, _NOSE] - pixels[:, list(_SHOULDERS)].mean(1))
    return float(abs(np.degrees(np.arctan2(x, -y))))


def _leading(pixels: Floats) -> str:
    return leading_hand(*(pixels[:, hand.start] for hand in (LEFT_HAND, RIGHT_HAND)))


def warnings_of(quality: VideoQuality) -> Iterator[tuple[str, str]]:
    """Yield the warnings on one video: the kind, and a sentence with the remedy."""
    if max(quality.pose, quality.face, quality.hands) == 0:
        yield "nobody", "nobody is found; film the signer from the front, head to hips"
    elif quality.hands == 0:
        yield "no hands", "no hand is found in any frame; keep the hands in the picture"
    elif quality.hands < FEW_HANDS:
        yield (
            "few hands",
            f"a hand in only {percent(quality.hands)} of the frames; keep the hands in the picture",
        )
    if quality.shoulders < SMALL:
        yield (
            "tiny signer",
            f"shoulders take {percent(quality.shoulders)} of the picture; come closer",
        )
    if quality.brightness < DARK:
        yield (
            "low light",
            f"brightness {percent(quality.brightness)}; light the signer from the front",
        )
    if quality.tilt > TILTED:
        yield "turned", f"the head points {quality.tilt:.0f} degrees away from up; turn the video"
    if quality.fps is not None and quality.fps < SLOW:
        yield "low frame rate", f"{quality.fps:.3g} frames a second; film with 25 or more"
    if quality.late > UNEVEN:
        yield (
            "dropped frames",
            f"{percent(quality.late)} of the frames come late; close other programs",
        )
    yield from _about_file(quality)
    if quality.swapped:
        how = "use another model or extractor, or signlet convert --swap-hands"
        yield "sides swapped", f"left hands are at right wrists; {how}"


def _about_file(quality: VideoQuality) -> Iterator[tuple[str, str]]:
    if CUT in quality.remarks:
        of = f" of {quality.promised:.1f}" if quality.promised > quality.seconds else ""
        yield (
            "cut short",
            (f"{quality.seconds:.1f}{of} seconds can be decoded; copy the video again"),
        )
    if DAMAGED in quality.remarks:
        yield "damaged", "signlet leaves out pictures that cannot be decoded; copy the video again"
    if NO_RATE in quality.remarks:
        yield (
            "unknown frame rate",
            f"its times do not show it, so signlet assumes {USUAL_FPS:g} frames a second; "
            "convert it",
        )
    if MENDED in quality.remarks:
        yield "times repaired", "times go back, jump or are missing; record or convert it again"
    if BEYOND in quality.remarks:
        yield "ends early", "the recording ends before the clip does; correct its end"


def mirrored(videos: Mapping[str, Sequence[VideoQuality]]) -> dict[str, str]:
    """Signer -> why the camera seems mirrored, for signers whose left hand nearly always leads.

    videos: the videos of each signer.
    """
    found = {}
    for signer, qualities in videos.items():
        leads = [one.leading for one in qualities if one.leading in ("left", "right")]
        left = leads.count("left")
        if leads and left >= MOSTLY * len(leads):
            found[signer] = (
                f"the left hand leads in {left} of {len(leads)}: is the camera mirrored, or is "
                "the signer left-handed?"
            )
    return found
