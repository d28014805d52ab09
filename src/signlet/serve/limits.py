"""What one request may cost."""

from __future__ import annotations

from dataclasses import dataclass

from signlet.clip import MAX_FRAMES
from signlet.errors import SignletError

_MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Bounds of the service. Raises SignletError where one makes no sense."""

    max_bytes: int = 16 * _MIB
    """Bytes of a body, counted while it arrives."""
    max_frames: int = 512
    """Frames of a clip; a model file with a smaller limit of its own lowers it."""
    timeout: float = 30.0
    """Seconds from the first byte of a request's body to its answer."""
    decode_timeout: float = 10.0
    """Seconds that reading the clip out of a body may take."""
    max_waiting: int = 128
    """Requests under way at once, from their first byte to their answer."""
    max_batch: int = 16
    """Clips that go through the model together; 1 switches batching off."""
    decoders: int = 2
    """Processes that read clips out of bodies."""

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_frames", "max_waiting", "max_batch", "decoders"):
            if getattr(self, name) < 1:
                raise SignletError(f"{name} is {getattr(self, name)}; give at least 1")
        if self.max_frames > MAX_FRAMES:
            raise SignletError(f"max_frames is {self.max_frames}; give at most {MAX_FRAMES}")
        for name in ("timeout", "decode_timeout"):
            if not 0 < getattr(self, name) <= 3600:
                raise SignletError(f"{name} is {getattr(self, name)}; give 0 to 3600 seconds")

    @property
    def decoder_memory(self) -> int:
        """Bytes that reading one clip may take, beyond what its process needs to start."""
        return 384 * _MIB + 8 * self.max_bytes
