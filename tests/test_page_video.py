"""The whole live page: pictures in, MediaPipe and the model in the browser, signs out.

MediaPipe draws on a graphics card; without one a frame takes it seconds. So the pictures are
few, one browser looks at all of them, and the page's clock goes by the camera's pictures.
The video is the rendered signer of videos.py: MediaPipe finds face, body and a hand in it, so
everything has to work. The camera films a real signer where ../shared has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import signlet
from signlet.landmarks import FACE, LEFT_HAND, POSE, RAW_PARTS, RIGHT_HAND
from signlet.pretrained import STARTER
from signlet.sources import read_clip
from signlet.stream import SignEvent, StreamRecogniser
from signlet.video.frames import read_frames
from signlet_testing import SHARED, browsing, pages
from signlet_testing.live_page import built
from signlet_testing.videos import Image, cached, signer, write_video

__all__ = ["cached"]
pytestmark = pytest.mark.slow
FRAMES, RATE, SIDE = 5, 6, 256
PATIENCE = 900
"""Seconds; the first picture takes longest, when programs for the graphics card are compiled."""
PACED = """let clock = 0;
const ask = HTMLVideoElement.prototype.requestVideoFrameCallback;
HTMLVideoElement.prototype.requestVideoFrameCallback = function (act) {
    return ask.call(this, (...given) => { clock += 140; act(...given); });
};
performance.now = () => clock;"""
"""A clock that goes on by a seventh of a second with each picture of the camera."""
REAL = "data/videos/01_01_0013_(14_11_16_16_03_34)_c.mp4"


def pictures() -> list[Image]:
    return [signer(0.6 + 0.4 * number / FRAMES, SIDE) for number in range(FRAMES)]


def filmed() -> list[Image]:
    """What the camera sees, again and again: hands are up all the time."""
    if not (SHARED / REAL).is_file():
        return pictures()
    return [frame.image for frame in read_frames(SHARED / REAL)][8:20]


def write_y4m(path: Path, images: list[Image]) -> Path:
    """The uncompressed video that Chromium takes for a camera."""
    height, width = images[0].shape[:2]
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for image in images:
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            file.write(b"FRAME\n" + frame.to_ndarray().tobytes())
    return path


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pages.Live]:
    site = built(tmp_path_factory)
    camera = write_y4m(tmp_path_factory.mktemp("camera") / "camera.y4m", filmed())
    flags = (*pages.GRAPHICS, *pages.FAKE_CAMERA, f"--use-file-for-fake-video-capture={camera}")
    with (
        browsing.served(site.parent, isolated=False) as root,
        browsing.driver().sync_playwright() as tool,
        pages.chromium(tool, *flags) as browser,
    ):
        opened = pages.visit(browser, f"{root}{site.name}/", PACED)
        opened.ready()
        yield opened


def told(path: Path) -> list[SignEvent]:
    """What Python makes of a recording of the page, by the times in it."""
    stream = StreamRecogniser(signlet.load(STARTER, threads=1))
    with np.load(path) as arrays:
        frames, times = arrays["landmarks"], arrays["times"]
    pushed = [event for f, t in zip(frames, times, strict=True) for event in stream.push(f, t)]
    return [*pushed, *stream.finish()]


def found(path: Path) -> dict[str, float]:
    """Share of frames with each part."""
    frames = read_clip(path).frames
    return {part: float((~np.isnan(frames[:, rows, 0])).mean()) for part, rows in RAW_PARTS.items()}


def test_a_video_becomes_signs(live: pages.Live, tmp_path: Path, cached: Path) -> None:
    video = write_video(tmp_path / "signer.mp4", pictures(), RATE)
    live.page.fill("#teach-sign", "video")
    live.open_file(video)
    live.page.click("#record")
    live.ended(PATIENCE)
    assert live.problems == []
    saved = recording(live, tmp_path, "video")
    with np.load(saved) as arrays:
        np.testing.assert_allclose(arrays["times"], np.arange(FRAMES) / RATE, atol=1e-3)
    events = told(saved)
    assert len(events) >= 1, found(saved)
    pages.assert_shown(live.history(), events)
    compare(read_clip(saved).frames, read_clip(video).frames)


def recording(live: pages.Live, folder: Path, sign: str) -> Path:
    """The only one of a sign, out of what the page saves."""
    live.page.locator("#lessons b").filter(has_text=sign).wait_for()
    (path,) = [
        one for one in live.unpacked(live.saved("#save", folder), folder) if one.parent.name == sign
    ]
    return path


def compare(there: Any, here: Any) -> None:
    """The browser's MediaPipe and Python's see the same; z they scale differently."""
    for part, least in ((FACE, 0.9), (POSE, 0.9), (LEFT_HAND, 0.2)):
        both = ~np.isnan(there[:, part, 0]) & ~np.isnan(here[:, part, 0])
        assert both.mean() > least
        apart = np.abs(there[:, part, :2] - here[:, part, :2])[both]
        assert np.median(apart) < 0.02
    assert np.isnan(there[:, RIGHT_HAND]).all()


def test_a_camera_becomes_signs(live: pages.Live, tmp_path: Path) -> None:
    live.page.click("#clear")
    live.page.fill("#teach-sign", "camera")
    # What is recorded is taught at once; here the model's own signs are compared.
    live.page.evaluate("""document.querySelector('[name="teach-with"][value="model"]').click()""")
    live.page.click("#to-camera")  # the video has just ended
    live.page.click("#record")
    wait_for_signing(live, 0.6)
    assert "flipped" in live.page.locator("#picture").get_attribute("class").split()
    drawn = "(c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v)"
    assert live.page.locator("#overlay").evaluate(drawn)
    live.page.click("#start")
    live.ended(PATIENCE)
    saved = recording(live, tmp_path, "camera")
    assert found(saved)["face"] > 0.9
    assert found(saved)["pose"] > 0.9
    assert found(saved)["left_hand"] + found(saved)["right_hand"] > 0.3
    events = told(saved)
    assert len(events) >= 1
    # The camera's clock had ticked once before its first picture, where the recording begins.
    late = [replace(event, start=event.start + 0.14, end=event.end + 0.14) for event in events]
    pages.assert_shown(live.history(), late)
    assert live.problems == []


def wait_for_signing(live: pages.Live, seconds: float) -> None:
    """Until hands were up for so long, by the page's clock."""
    state, chip, since = live.page.locator("#state"), live.page.locator("#live"), None
    chip.filter(has_text="Recording").wait_for(timeout=1000 * PATIENCE)
    for _ in range(4 * PATIENCE):
        now = float(chip.inner_text().split()[1])
        signing = state.get_attribute("data-state") == "signing"
        since = (now if since is None else since) if signing else None
        if since is not None and now - since >= seconds:
            return
        live.page.wait_for_timeout(250)
    raise AssertionError("nobody signs")


def test_nothing_left_the_machine(live: pages.Live) -> None:
    assert any(url.endswith("pose_landmark_full.tflite") for url in live.requests)
    own = [url for url in live.requests if url.startswith((live.address, "blob:"))]
    assert own == live.requests
