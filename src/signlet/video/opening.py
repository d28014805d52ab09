"""A video file, opened, and the one of its streams that shows the recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from signlet.errors import ClipError, reason_of
from signlet.video.file_type import begins_as_video
from signlet.video.header_checks import refuse_claims
from signlet.video.needs import needs_video, not_a_video, unless_other

_MAX_SIDE, _MOST_PIXELS = 16_384, 8192 * 4352
"""Pictures with longer sides, or more pixels than 8K has, are not sign video and would fill the
memory."""
_LONGEST_WAIT = 120.0
"""Seconds that a file may take to be opened, or a piece of it to be read."""
_LOOKED_AT = 200
"""Packets to read to find which of several streams moves."""
_FORMATS = ",".join(
    (
        "mov,matroska,avi,mpegts,mpeg,mpegvideo,m4v,flv,live_flv,kux,asf,asf_o,ogg,rm,mxf,wtv,dv",
        "gif,apng,ivf,nut,yuv4mpegpipe,h261,h263,h264,hevc,vvc,av1,obu,mjpeg,mpjpeg,dirac,vc1",
        "cavsvideo,amv,nsv,nuv,flic,gxf,lxf,pva,dhav,ty,swf",
    )
)
"""ffmpeg's names of what is read. Not among them: still pictures, sound, and lists of other
files (HLS, concat), which would let a file that somebody sent read others."""


_OPTIONS = {"format_whitelist": _FORMATS}
_STILL = ("gif", "apng", "mjpeg")
"""Formats that may be a still picture."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """PyAV's container and video stream. Raises ClipError naming the file."""
    with _container(path) as container:
        stream = _chosen(container, path)
        if container.format.name in _STILL and _packets_of([stream], path).total() < 2:
            raise ClipError(_not_opened(path, ValueError("one picture")))
        yield container, _checked(stream, path)


@contextmanager
def _container(path: Path) -> Iterator[Any]:
    refuse_claims(path)
    with unless_other([path]), needs_video(path):
        import av
    container: Any
    with ExitStack() as files:
        try:
            try:
                container = av.open(f"file:{path}", options=_OPTIONS, timeout=_LONGEST_WAIT)
            except av.FFmpegError:
                if not begins_as_video(path):
                    raise
                # The ending may have led ffmpeg astray: it knows no name of this one.
                nameless = _Nameless(files.enter_context(path.open("rb")))
                container = av.open(nameless, options=_OPTIONS, timeout=_LONGEST_WAIT)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise ClipError(_not_opened(path, error)) from error
        yield files.enter_context(container)


class _Nameless:
    """The methods of a file that PyAV needs, without its name."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def unreadable(path: Path, error: Exception, after: str = "") -> str:
    """One line on a file that cannot be decoded, or no further."""
    why = getattr(error, "strerror", None) or reason_of(error)
    return f"{path}: cannot be decoded{after} ({why}); copy or record the video again"


def _not_opened(path: Path, error: Exception) -> str:
    if other := not_a_video(path):
        return other
    with path.open("rb") as file:
        if file.read(8)[4:] in (b"ftyp", b"mdat", b"wide", b"free"):
            return (
                f"{path}: is cut off before its list of pictures, so none can be decoded; "
                "copy or record the video again"
            )
    return unreadable(path, error)


def _chosen(container: Any, path: Path) -> Any:
    """The stream that moves: no cover, no thumbnails; of several the default, the largest."""
    from av.stream import Disposition

    still = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
    streams = [one for one in container.streams.video if not one.disposition & still]
    if not streams:
        cover = "only a still picture, no video" if container.streams.video else "no video"
        raise ClipError(f"{path}: contains {cover}; give a file with moving pictures")
    if len(streams) == 1:
        return streams[0]
    counts = _packets_of(streams, path)
    return max(streams, key=lambda one: _claims(one, counts[one.index]))


def _claims(stream: Any, packets: int) -> tuple[bool, bool, int, int]:
    """Return the criteria for choosing the recording's stream, the most important first."""
    from av.stream import Disposition

    width, height = _sides(stream) or (0, 0)
    is_default = bool(stream.disposition & Disposition.default)
    return width > 0 and packets > 1, is_default, width * height, -stream.index


def _packets_of(streams: Sequence[Any], path: Path) -> Counter[int]:
    """Stream -> its packets among the first ones, read from a file opened once more."""
    import av

    numbers = [one.index for one in streams]
    counts: Counter[int] = Counter()
    try:
        with _container(path) as again:
            for packet in islice(again.demux(*[again.streams[i] for i in numbers]), _LOOKED_AT):
                counts[packet.stream_index] += packet.size > 0
    except (av.FFmpegError, OSError, ValueError):
        pass  # what was counted until then decides
    return counts


def _sides(stream: Any) -> tuple[int, int] | None:
    try:
        return stream.width, stream.height
    except AttributeError:  # a codec that this build of PyAV has no decoder for
        return None


def _checked(stream: Any, path: Path) -> Any:
    sides = _sides(stream)
    if sides is None:
        raise ClipError(f"{path}: signlet does not know its codec; convert it to H.264")
    if max(sides) > _MAX_SIDE or sides[0] * sides[1] > _MOST_PIXELS:
        raise ClipError(
            f"{path}: pictures of {sides[0]} x {sides[1]} are too large; scale the video down"
        )
    # Of pictures that turn out larger than the header says.
    stream.codec_context.options = {"max_pixels": str(_MOST_PIXELS)}
    return stream
