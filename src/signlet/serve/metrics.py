"""Metrics of the service for Prometheus. They never contain a clip or a sign."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from signlet.version import __version__

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_FRAMES = (8, 16, 32, 64, 128, 256, 512, 1024, 4096)
_CLIPS = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Counters of one service; two services in one process do not share them."""

    def __init__(
        self, signs: int, under_way: Callable[[], int], waiting: Callable[[], int]
    ) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        about = Info("signlet", "What is served", registry=registry)
        about.info({"version": __version__, "signs": str(signs)})
        self._requests = Counter(
            "signlet_requests", "Requests answered", ["path", "status"], registry=registry
        )
        self._seconds = Histogram(
            "signlet_request_seconds",
            "From a request's head to the end of its answer",
            ["path"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._stages = Histogram(
            "signlet_stage_seconds",
            "Stages of a recognition: read, decode, wait, recognise",
            ["stage"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._frames = Histogram(
            "signlet_clip_frames", "Frames of a clip", buckets=_FRAMES, registry=registry
        )
        self._batch = Histogram(
            "signlet_batch_clips",
            "Clips in the batch of each recognised clip",
            buckets=_CLIPS,
            registry=registry,
        )
        self._answers = Counter(
            "signlet_answers",
            "Recognitions that named a sign, or none",
            ["answer"],
            registry=registry,
        )
        self._decoders = Counter(
            "signlet_decoders_replaced",
            "Processes that crashed while reading a body",
            registry=registry,
        )
        gauges = {"requests_under_way": under_way, "clips_waiting": waiting}
        for name, count in gauges.items():
            gauge = Gauge(f"signlet_{name}", name.replace("_", " "), registry=registry)
            gauge.set_function(count)

    def request(self, path: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def recognised(self, stages: dict[str, float], frames: int, clips: int, named: bool) -> None:
        """A clip was recognised; stages in seconds."""
        for stage, seconds in stages.items():
            self._stages.labels(stage).observe(seconds)
        self._frames.observe(frames)
        self._batch.observe(clips)
        self._answers.labels("sign" if named else "none").inc()

    def decoder_replaced(self) -> None:
        """A process that reads clips was lost."""
        self._decoders.inc()

    def text(self) -> bytes:
        """All of it in Prometheus' format."""
        return generate_latest(self._registry)
