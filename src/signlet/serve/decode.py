"""A request's body -> landmarks. Written for hostile bodies; it runs in a process of its own.

What a body promises is checked against the limits before it is unpacked; then signlet's own
readers of files check the rest. Nothing is unpickled and no other file is opened.
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from signlet.clip import Clip, require_landmarks, validated
from signlet.clip.shapes import MAX_FRAMES
from signlet.errors import ClipError, SignletError
from signlet.landmarks import NUM_RAW
from signlet.meaning import remarks_on
from signlet.serve.form import FORM, file_of_form
from signlet.serve.rejection import Rejection
from signlet.serve.unsupported_body import EMPTY, refusal
from signlet.sources.files import read_clip

JSON = "application/json"
BINARY = (
    "application/octet-stream",
    "application/x-npz",
    "application/x-npy",
    "application/zip",
    "application/vnd.apache.parquet",
)
_MAGIC = {
    b"PK\x03\x04": ".npz",
    b"PK\x05\x06": ".npz",
    b"\x93NUMPY": ".npy",
    b"PAR1": ".parquet",
}
_MAX_POINTS = 553
_ALLOWED = re.compile(rf"1 to (?:{MAX_FRAMES}|{MAX_FRAMES:,}) are allowed")
"""The limit in messages of the readers, which do not know this service's limit."""
_FEW = 64
"""More entries or keys than this are in no honest body."""

_Point = Annotated[
    list[Annotated[float, Field(allow_inf_nan=False)] | None],
    Field(min_length=3, max_length=3, fail_fast=True),
]
_Frame = Annotated[
    list[_Point | None], Field(min_length=NUM_RAW, max_length=_MAX_POINTS, fail_fast=True)
]


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    landmarks: Annotated[list[_Frame], Field(fail_fast=True)]


def decode(body: bytes, content_type: str, max_frames: int) -> Clip:
    """The clip, of 1 to max_frames frames; see `signlet.Clip`.

    body: JSON, .npz, .npy or Parquet in the competition's schema, plain or as the one file
        of a form. content_type: of the request; which of the binary formats it is, its first
        bytes tell.
    Raises Rejection: 400 for broken JSON or forms, 413 for too many frames or too much memory,
    415 for other formats, 422 for an invalid clip, 503 where there is no room for its file.
    """
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if body and kind == FORM:
            body = file_of_form(body, content_type)
            kind = JSON if body.lstrip()[:1] in (b"{", b"[") else BINARY[0]
        if not body:
            raise Rejection(422, f"body: is empty; {EMPTY}")
        clip = _from_json(body, max_frames) if kind == JSON else _binary(body, kind, max_frames)
        if len(clip.frames) > max_frames:
            raise _too_long(f"{len(clip.frames)} frames", max_frames)
        require_landmarks(clip.frames, "body")
    except ClipError as error:
        if isinstance(error.__cause__, MemoryError):
            raise too_big() from None
        raise Rejection(422, _ALLOWED.sub(f"1 to {max_frames} are allowed", str(error))) from None
    except SignletError as error:  # a reader's package is not installed here
        raise Rejection(415, str(error)) from None
    except MemoryError:
        raise too_big() from None
    return clip


def too_big() -> Rejection:
    """Of a body for which there is not enough memory."""
    return Rejection(413, "body: takes too much memory to read; send a shorter clip")


def _too_long(what: str, max_frames: int) -> Rejection:
    return Rejection(
        413,
        f"body: has {what}; at most {max_frames} frames are allowed; cut it or leave frames out",
    )


def _too_much(what: str, max_frames: int) -> Rejection:
    return Rejection(
        413,
        f"body: {what} than a clip of {max_frames} frames, the longest that this service takes; "
        "cut it, and send landmarks only",
    )


# --- JSON ---------------------------------------------------------------------------------


def _from_json(body: bytes, max_frames: int) -> Clip:
    # Python's objects for two bytes of JSON take fifty: count before they are made.
    values, points = max_frames * _MAX_POINTS * 3, max_frames * (_MAX_POINTS + 1)
    if body.count(b",") > values + _FEW or body.count(b"[") > points + _FEW:
        raise _too_much("holds more numbers", max_frames)
    if body.count(b"{") > _FEW:
        raise Rejection(422, 'body: give one object, {"landmarks": [[[x, y, z], ...], ...]}')
    try:
        frames = _Body.model_validate_json(body).landmarks
    except ValidationError as error:
        raise _json_problem(error) from None
    if body.count(b'"') > 2:  # which only keys have, and only one key is allowed
        raise Rejection(422, "body: holds 'landmarks' twice in one object; keep one of them")
    if len({len(frame) for frame in frames}) > 1:
        raise Rejection(422, f"body: frames differ in length; give {NUM_RAW} landmarks in each")
    missing = [None, None, None]
    whole = [[missing if point is None else point for point in frame] for frame in frames]
    raw = np.array(whole, np.float64).reshape(len(whole), -1, 3) if whole else _no_frames()
    landmarks, remarks = validated(raw, "body")
    return Clip(landmarks, "body", remarks=(*remarks, *remarks_on(landmarks)))


def _no_frames() -> NDArray[np.float64]:
    return np.empty((0, NUM_RAW, 3))


def _json_problem(error: ValidationError) -> Rejection:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return Rejection(400, f"body: {first['msg']}; send one JSON object")
    where = ".".join(str(part)[:40] for part in first["loc"])
    hints = {
        "finite_number": "NaN and infinity are not JSON; write null where a point was not found",
        "too_short": f"give {NUM_RAW} landmarks per frame, each [x, y, z] or null",
        "too_long": f"give {NUM_RAW} landmarks per frame, each [x, y, z] or null",
    }
    hint = hints.get(first["type"], 'give {"landmarks": [[[x, y, z], ...], ...]}')
    return Rejection(422, f"body{': ' if where else ''}{where}: {first['msg'].lower()}; {hint}")


# --- files --------------------------------------------------------------------------------


def _binary(body: bytes, kind: str, max_frames: int) -> Clip:
    suffix = next((s for magic, s in _MAGIC.items() if body.startswith(magic)), None)
    if kind not in BINARY or suffix is None:
        raise refusal(body, kind, kind in BINARY)
    with _scratch() as folder:
        path = Path(folder) / f"clip{suffix}"
        try:
            if suffix == ".npz":
                _check_archive(body, max_frames)
            _write(path, body)
            if suffix == ".parquet":
                _check_rows(path, max_frames)
            return read_clip(path)
        except SignletError as error:
            shown = type(error)(str(error).replace(str(path), "body"))
            raise shown from error.__cause__


def _scratch() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory()
    except OSError as error:
        raise _no_room(error) from None


def _write(path: Path, body: bytes) -> None:
    try:
        path.write_bytes(body)
    except OSError as error:
        raise _no_room(error) from None


def _no_room(error: OSError) -> Rejection:
    reason = error.strerror or type(error).__name__
    return Rejection(503, f"the service cannot write to its temporary folder ({reason})")


def _check_archive(body: bytes, max_frames: int) -> None:
    """Refuse archives that unpack to more than the longest clip in numpy's widest type."""
    if body.count(b"PK\x01\x02") > _FEW:  # each entry of the directory begins like this
        raise ClipError("body: holds many files; write it with numpy.savez")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ClipError(f"body: is a damaged .npz ({error}); write it again") from None
    plain = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if any(entry.compress_type not in plain or entry.flag_bits & 1 for entry in entries):
        raise ClipError("body: is not packed the way numpy packs; use numpy.savez")
    if sum(entry.file_size for entry in entries) > max_frames * _MAX_POINTS * 3 * 16 + (1 << 16):
        raise _too_much("unpacks to more", max_frames)


def _check_rows(path: Path, max_frames: int) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        return  # read_clip says what is missing
    from signlet.sources import parquet

    # What a body left in the reader's memory must not decide how the next one is read.
    parquet._CHECKED.clear()
    try:
        with pa.OSFile(str(path)) as source, pq.ParquetFile(source, pre_buffer=False) as file:
            rows: Any = file.metadata.num_rows
    except (pa.ArrowException, OSError, ValueError):
        return  # read_clip names what is damaged
    if rows > max_frames * _MAX_POINTS:
        raise _too_long(f"{rows} rows", max_frames)
