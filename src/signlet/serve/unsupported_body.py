"""Unsupported bodies: bytes in, a refusal with the kind of file and the remedy out."""

from __future__ import annotations

import io

from signlet.serve.rejection import Rejection
from signlet.video.file_type import HEAD, holds_video, what_begins

EMPTY = "send a clip, as in curl -F clip=@clip.npz"
_READ = "send JSON, .npz, .npy or .parquet"
_CONVERTED = "signlet convert FILE clip.npz converts other landmark files"
_TELLS_LITTLE = ("text", "a zip archive, as .npz files are", "a Parquet table", "a NumPy array")
_SEND = "send the file with curl -F clip=@FILE, or say what it is with -H"
_POSE = (b"\xcd\xcc\xcc\x3d", b"\xcd\xcc\x4c\x3e")
"""Versions 0.1 and 0.2 as float32, with which a .pose file begins."""


def refusal(body: bytes, kind: str, binary: bool) -> Rejection:
    """Return the refusal of this body; 415.

    kind: its content type without parameters, "" for none. binary: whether that is one that is
    read, so that the body's first bytes are to blame.
    """
    found = _found(body, kind)
    if found:
        return Rejection(415, f"body: {found}")
    json = body[:32].lstrip()[:1] in (b"{", b"[")
    if not binary:
        right = "application/json" if json else "application/octet-stream"
        what = f"content type {kind[:80] or 'none'}: not supported"
        return Rejection(415, f'{what}; {_SEND} "Content-Type: {right}"')
    if json:
        return Rejection(415, f'body: is JSON; {_SEND} "Content-Type: application/json"')
    return Rejection(415, f"body: the first bytes are not those of a clip; {_READ}; {_CONVERTED}")


def _found(body: bytes, kind: str) -> str:
    """Return the kind of file and the remedy; "" if unknown."""
    if kind.startswith("video/") or holds_video(io.BytesIO(body)):
        return (
            "is a video, but this service reads landmarks; run signlet extract FILE -o OUT, and "
            "send the file it writes"
        )
    if body.startswith(_POSE):
        return (
            "is a .pose file, which this service does not read; run signlet convert FILE "
            "clip.npz, and send clip.npz"
        )
    what = what_begins(body[:HEAD])
    return f"is {what}, not a clip; {_READ}" if what and what not in _TELLS_LITTLE else ""
