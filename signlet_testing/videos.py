"""Videos that the tests make, and an extractor that needs no MediaPipe.

The signer is the portrait of an astronaut that scikit-image ships (a public picture of NASA),
with a drawn hand that moves. MediaPipe finds face, pose and left hand in it, so a video of it
goes the whole way: decoding, all networks of Holistic, tracking from frame to frame, files,
model. What it cannot show, real hands in quick motion, the tests on ../shared/data/videos do.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from signlet.landmarks import NUM_RAW
from signlet.video import single
from signlet.video.bundle.make import bundle_path
from signlet.video.extractors import Choice

Image = NDArray[np.uint8]
COLOURS = {"R": (255, 0, 0), "G": (0, 255, 0), "B": (0, 0, 255), "W": (255, 255, 255)}
SKIN, OUTLINE = (205, 150, 125), (150, 95, 75)
# Ends of each finger in units of the palm's half width, and its thickness.
FINGERS = [
    ((-0.42, -0.15), (-0.85, -0.75), 0.2),
    ((-0.3, -0.6), (-0.42, -1.5), 0.18),
    ((-0.08, -0.65), (-0.1, -1.65), 0.19),
    ((0.14, -0.6), (0.2, -1.5), 0.18),
    ((0.34, -0.5), (0.5, -1.2), 0.16),
]
PALM = [(-0.42, 0.2), (-0.45, -0.2), (-0.38, -0.65), (0.42, -0.6), (0.4, 0.2), (0.2, 0.4)]


def quarters(width: int = 64, height: int = 48, colours: str = "RGBW") -> Image:
    """A picture of four colours: top left, top right, bottom left, bottom right."""
    image = np.zeros((height, width, 3), np.uint8)
    for place, colour in enumerate(colours):
        rows = slice(height // 2) if place < 2 else slice(height // 2, None)
        columns = slice(width // 2, None) if place % 2 else slice(width // 2)
        image[rows, columns] = COLOURS[colour]
    return image


def colours_of(image: Image) -> str:
    """The four colours of such a picture, however it was compressed."""
    height, width = image.shape[:2]
    seen = ""
    for y in (0.25, 0.75):
        for x in (0.25, 0.75):
            pixel = tuple(255 * (image[int(y * height), int(x * width)] > 128))
            seen += next((name for name, colour in COLOURS.items() if colour == pixel), "?")
    return seen


def signer(hand: float = 0.0, size: int = 512) -> Image:
    """(size, size, 3) of the astronaut with a hand; `hand` from 0 to 1 moves it across."""
    import skimage.data

    image: Image = skimage.data.astronaut()
    _draw_hand(image, 350 + 30 * hand, 440 - 50 * hand, 60, -0.4)
    image = cv2.GaussianBlur(image, (5, 5), 0)
    return image if size == 512 else cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC)


def _draw_hand(image: Image, x: float, y: float, size: float, angle: float) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def place(point: Sequence[float]) -> tuple[int, int]:
        across, down = np.array([x, y]) + size * turn @ np.array(point)
        return int(across), int(down)

    palm = np.array([place(point) for point in PALM])
    cv2.polylines(image, [palm], True, OUTLINE, 6, cv2.LINE_AA)
    for colour, extra in ((OUTLINE, 4), (SKIN, 0)):
        if colour == SKIN:
            cv2.fillPoly(image, [palm], SKIN, cv2.LINE_AA)
        for start, end, width in FINGERS:
            cv2.line(image, place(start), place(end), colour, int(size * width) + extra)


def write_video(
    path: Path,
    pictures: Sequence[Image],
    rate: int = 25,
    times: Sequence[float] | None = None,
    codec: str = "libx264",
) -> Path:
    """Encode pictures of one size; times in seconds, else evenly at `rate`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        even = stream.width % 2 == 0 and stream.height % 2 == 0
        stream.pix_fmt = "yuv420p" if even else "yuv444p"
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = round(times[number] * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def with_matrix(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Make an .mp4 ask players to turn it: x' = a x + c y, y' = b x + d y."""
    data, one = path.read_bytes(), 1 << 16
    start = data.index(b"tkhd") + 44
    matrix = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    path.write_bytes(data[:start] + matrix + data[start + 36 :])
    return path


class Stub:
    """Puts the mean colour of each picture into every landmark; remembers what it was asked."""

    name, settings, version = "stub", "", "1"

    def __init__(self) -> None:
        self.pictures: list[tuple[int, ...]] = []
        self.forgot = 0

    def __call__(self, image: Image) -> NDArray[np.float32]:
        self.pictures.append(image.shape)
        return np.tile(image.mean((0, 1)).astype(np.float32) / 255, (NUM_RAW, 1))

    def forget(self) -> None:
        self.forgot += 1

    def close(self) -> None:
        pass


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of landmarks, with the models that MediaPipe 1.x needs if they are here."""
    folder, models = tmp_path / "cache", bundle_path()
    monkeypatch.setenv("SIGNLET_CACHE", str(folder))
    if models.exists():
        bundle_path().parent.mkdir(parents=True)
        bundle_path().symlink_to(models)
    return folder


@pytest.fixture
def stub(cached: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Takes MediaPipe's place, in this process."""
    extractor = Stub()

    def opened(choice: Choice) -> Stub:
        return extractor

    opened.cache_clear = lambda: None  # type: ignore[attr-defined]
    monkeypatch.setattr(single, "opened", opened)
    return extractor
