"""Zip archives: the list of what they hold is judged before it is believed."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL
from pathlib import Path
from typing import IO

from signlet.errors import ClipError, SignletError, reason_of
from signlet.files.regular import open_regular

_MOST_LISTED = 8 << 20
"""Bytes of the list of entries: more than 50,000 long names."""
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Compressions that unpack in steps of bounded size."""
_BOMB_BYTES, _BOMB_RATIO = 64 << 20, 200
"""A file that unpacks to this many bytes, from so few, is not a recording."""
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, OverflowError)
"""The errors that zipfile raises for a damaged archive."""


@contextmanager
def opened(
    path: Path, name: Path | str | None = None, error: type[SignletError] = ClipError
) -> Iterator[zipfile.ZipFile]:
    """An archive whose list of entries is not too long. name: what errors call it.

    Raises `error` where it is missing or cannot be read, and ClipError if it is damaged,
    encrypted or packed in an unusual way, also while it is read within the block.
    """
    name = name or path
    with open_regular(path, error) as file, _saying(name, error):
        bounded = _Bounded(file)
        with zipfile.ZipFile(bounded) as archive:
            bounded.most = None
            yield archive


@contextmanager
def _saying(name: Path | str, kind: type[SignletError]) -> Iterator[None]:
    """Turn whatever zipfile raises into one line. kind: of a file that cannot be read."""
    try:
        yield
    except NotImplementedError:
        raise ClipError(
            f"{name}: is packed in a way that signlet cannot read; pack it again"
        ) from None
    except RuntimeError as error:
        if isinstance(error, RecursionError):
            raise
        raise ClipError(f"{name}: is encrypted; pack it without a password") from None
    except OSError as error:
        if error.errno == EINVAL:  # a place before the beginning of the file
            raise ClipError(f"{name}: is damaged; copy or save the file again") from None
        raise kind(f"{name}: cannot be read ({error.strerror or error})") from None
    except DAMAGED as error:
        why = reason_of(error, 80)
        raise ClipError(f"{name}: is damaged ({why}); copy or save the file again") from None


@contextmanager
def unpacked(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int, name: str
) -> Iterator[IO[bytes]]:
    """One entry, to be read; it gives no more bytes than it claims, and its checksum is compared.

    most: bytes that it may have. Raises ClipError if it claims more, is encrypted, is packed
    in an unusual way, or unpacks to very many times its size.
    """
    if entry.flag_bits & 1:
        raise ClipError(f"{name}: is encrypted; pack it without a password")
    if entry.compress_type not in _PACKED:
        raise NotImplementedError
    if entry.file_size > most:
        raise ClipError(f"{name}: is larger than {most >> 20} MB; cut it to one sign")
    if entry.file_size > max(_BOMB_BYTES, _BOMB_RATIO * entry.compress_size):
        raise ClipError(
            f"{name}: would unpack from {entry.compress_size >> 10} KB to "
            f"{entry.file_size >> 20} MB, too much for a recording; write it again"
        )
    with archive.open(entry) as file:
        yield file


class _Bounded:
    """A file that limits how many bytes are read at once while `most` is set.

    zipfile reads the list of entries at once, and makes an object of each.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.most = file, _MOST_LISTED  # type: IO[bytes], int | None
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """As of the file. Raises BadZipFile where it would be too much."""
        if self.most is None:
            return self._file.read(size)
        data = self._file.read(self.most + 1 if size < 0 else min(size, self.most + 1))
        if len(data) > self.most:
            raise zipfile.BadZipFile("its list of entries is too long")
        return data
