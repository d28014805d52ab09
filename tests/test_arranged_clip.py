"""One clip of other points, named as a set of them; mistakes of our own are not the file's."""

from __future__ import annotations

import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signlet.cli import main
from signlet.errors import ClipError
from signlet.files.internal_errors import is_internal_error
from signlet.landmarks import LEFT_HAND, POSE, RIGHT_HAND
from signlet.running.workers import delayed_here, in_processes
from signlet.sources import names_clip, open_source, read_clip, read_named


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A clip of 75 points."""
    source = open_source("fingerspelling")
    frames = source.read(source.refs()[0]).frames
    rows = np.r_[POSE, LEFT_HAND, RIGHT_HAND]
    path = tmp_path / "hello" / "anna_1.npy"
    path.parent.mkdir()
    np.save(path, frames[:, rows])
    return path


def test_a_clip_of_named_parts_is_read(clip: Path) -> None:
    named = f"pose33+left21+right21:{clip}"
    assert names_clip(named)
    assert not names_clip(f"pose33+left21+right21:{clip.parent.parent}")
    assert not names_clip(f"pose33+left21+right21:{clip}.not")
    read = read_named(named).frames
    source = open_source("fingerspelling")
    whole = source.read(source.refs()[0]).frames
    assert np.array_equal(read[:, POSE], whole[:, POSE], equal_nan=True)


def test_the_message_names_what_commands_take(clip: Path) -> None:
    with pytest.raises(ClipError) as found:
        read_named(clip)
    named = str(found.value).rpartition("such as ")[2]
    assert len(read_named(named).frames) > 0


@pytest.mark.parametrize("command", [["recognise"], ["inspect"]])
def test_commands_take_it(
    command: list[str], clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*command, f"pose33+left21+right21:{clip}"])
    assert "anna_1" in capsys.readouterr().out


# --- mistakes of our own ----------------------------------------------------------------------

_MISTAKES = {
    "name": "undefined_name",
    "unbound": "x = x + 1",
    "assertion": "assert False, 'never'",
    "import": "from os import nothing_of_that_name",
    "own module": "import signlet.no_such_module",
}


def _reader(lines: str, module: str) -> Any:
    made = types.ModuleType(module)
    exec(f"def read(path):\n    {lines}", made.__dict__)
    return made.read


@pytest.mark.parametrize("kind", _MISTAKES)
def test_a_mistake_of_our_own_is_not_told_of_the_file(kind: str, clip: Path) -> None:
    with pytest.raises((NameError, AssertionError, ImportError)):
        read_clip(clip, reader=_reader(_MISTAKES[kind], "signlet.made_up"))


@pytest.mark.parametrize("lines", [*_MISTAKES.values(), "raise KeyError(1)", "int('x')"])
def test_what_another_library_makes_of_a_file_is(lines: str, clip: Path) -> None:
    module = "signlet.made_up" if lines.startswith(("raise", "int")) else "pose_format"
    if "signlet.no" in lines or "nothing_of" in lines:
        lines = "assert not path"
    with pytest.raises(ClipError, match="cannot be read"):
        read_clip(clip, reader=_reader(lines, module))


def test_a_missing_extra_is_no_mistake() -> None:
    def raised(lines: str) -> Exception:
        try:
            _reader(lines, "signlet.made_up")(None)
        except Exception as error:
            return error
        raise AssertionError("nothing was raised")

    assert not is_internal_error(raised("import no_such_library"))
    assert is_internal_error(raised("import signlet.no_such_module"))


def test_only_the_warning_of_workers_that_loky_replaces_is_hidden() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert list(in_processes([delayed_here(abs)(-1)], 1, "nothing is lost")) == [1]
        warnings.warn("A worker stopped while some jobs were given", UserWarning, stacklevel=1)
        warnings.warn("A worker did something else", UserWarning, stacklevel=1)
    assert [str(one.message) for one in seen] == ["A worker did something else"]
