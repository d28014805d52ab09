"""Limits of one request, and of all together."""

from __future__ import annotations

from dataclasses import dataclass

from signlet.clip import MAX_FRAMES
from signlet.errors import SignletError
from signlet.landmarks import NUM_RAW

_MIB = 1 << 20
_LONGEST = 3600
_MOST = {
    "max_frames": (MAX_FRAMES, ", because no clip has more"),
    "max_bytes": (1 << 30, ", because bodies are kept in memory"),
}


@dataclass(frozen=True)
class Limits:
    """Bounds of the service. Raises SignletError if one makes no sense."""

    max_bytes: int = 16 * _MIB
    """Bytes of a body, counted while it arrives."""
    max_frames: int = 512
    """Frames of a clip; a model file with a smaller limit of its own lowers it."""
    max_held: int = 256 * _MIB
    """Bytes of all bodies and clips that are held at once, from all requests together."""
    timeout: float = 30.0
    """Seconds from the first byte of a request's body to its answer."""
    stall_timeout: float = 10.0
    """Seconds that a body may pause while it arrives."""
    decode_timeout: float = 10.0
    """Seconds that reading the clip out of a body may take."""
    max_waiting: int = 512
    """Requests under way at once, from the last byte of their body to their answer."""
    max_connections: int = 512
    """Open connections; the one that has asked nothing for longest makes room for a new one."""
    max_batch: int = 16
    """Clips that go through the model together; 1 switches batching off."""
    decoders: int = 2
    """Processes that read clips out of bodies."""

    def __post_init__(self) -> None:
        for name, (most, why) in _MOST.items():
            if getattr(self, name) > most:
                raise SignletError(f"{name} {getattr(self, name)}: give at most {most}{why}")
        for name, (least, why) in self._least().items():
            if getattr(self, name) < least:
                raise SignletError(f"{name} {getattr(self, name)}: give at least {least}{why}")
        for name in ("timeout", "stall_timeout", "decode_timeout"):
            seconds = getattr(self, name)
            if not 0 < seconds <= _LONGEST:
                raise SignletError(
                    f"{name} {seconds:g}: give more than 0, at most {_LONGEST} seconds"
                )

    def _least(self) -> dict[str, tuple[int, str]]:
        """The least of each number, and why."""
        counts = ("max_bytes", "max_frames", "max_waiting", "max_batch", "decoders")
        longest_clip = 4 * 3 * NUM_RAW * max(1, self.max_frames)
        body = self.max_bytes, f", so that one body of max_bytes {self.max_bytes} fits"
        clip = longest_clip, f", so that one clip of max_frames {self.max_frames} fits"
        return {
            **dict.fromkeys(counts, (1, "")),
            "max_connections": (2, ", so that one can be closed for a new one"),
            "max_held": max(body, clip),
        }

    @property
    def decoder_memory(self) -> int:
        """Bytes that reading one clip may take, beyond what its process needs to start."""
        return 384 * _MIB + 8 * self.max_bytes
