"""Damage to files, drawn from a generator with a seed: the same seed, the same damage.

`mutate` knows nothing of a format and fits any bytes; `mutate_json` and `mutate_yaml` change what
a text says and leave it whole, mostly.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

_ENDS = 600
"""Headers, footers and directories lie within so many bytes of a file's ends."""
_SIZES = (0, 1, 2, 7, 8, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
_LONG_SIZES = (*_SIZES, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 4 * 10**18)
_FLOATS = (np.nan, np.inf, -np.inf, 1e308, -1e308, 1e-310, 0.0, -0.0)

Generator = np.random.Generator
Change = Callable[[bytearray, int, Generator], None]
"""Changes bytes in place, at a position."""


def mutate(data: bytes, rng: Generator) -> bytes:
    """One to four kinds of damage, half of them near the beginning or the end."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        _CHANGES[rng.integers(len(_CHANGES))](changed, _place(len(changed), rng), rng)
    return bytes(changed)


def _place(length: int, rng: Generator) -> int:
    if length == 0:
        return 0
    if rng.random() < 0.5:
        return int(rng.integers(length))
    near = int(rng.integers(min(length, _ENDS)))
    return near if rng.random() < 0.5 else length - 1 - near


def _flip(data: bytearray, at: int, rng: Generator) -> None:
    if data:
        data[at] ^= 1 << int(rng.integers(8))


def _run(data: bytearray, at: int, rng: Generator) -> None:
    count = int(rng.integers(1, 40))
    data[at : at + count] = rng.bytes(len(data[at : at + count]))


def _same(data: bytearray, at: int, rng: Generator) -> None:
    """A run of zeros, or of the highest byte."""
    count = len(data[at : at + int(rng.choice([1, 4, 16, 200]))])
    data[at : at + count] = bytes([int(rng.choice([0, 0, 255]))]) * count


def _cut(data: bytearray, at: int, rng: Generator) -> None:
    del data[at:]


def _removed(data: bytearray, at: int, rng: Generator) -> None:
    del data[at : at + int(rng.integers(1, 100))]


def _twice(data: bytearray, at: int, rng: Generator) -> None:
    piece = data[at : at + int(rng.integers(1, 400))]
    data[at:at] = piece * int(rng.choice([1, 1, 2, 50]))


def _spliced(data: bytearray, at: int, rng: Generator) -> None:
    """A piece of another place, over what was there."""
    start = _place(len(data), rng)
    piece = data[start : start + int(rng.integers(1, 200))]
    data[at : at + len(piece)] = piece


def _added(data: bytearray, at: int, rng: Generator) -> None:
    data[at:at] = rng.bytes(int(rng.integers(1, 100)))


def _number(data: bytearray, at: int, rng: Generator) -> None:
    """A whole number of four or eight bytes that is a size nobody has."""
    at -= at % int(rng.choice([1, 2, 4]))
    if rng.random() < 0.5:
        new = _SIZES[rng.integers(len(_SIZES))].to_bytes(4, "little")
    else:
        new = _LONG_SIZES[rng.integers(len(_LONG_SIZES))].to_bytes(8, "little")
    data[at : at + len(new)] = new[: len(data) - at]


def _float(data: bytearray, at: int, rng: Generator) -> None:
    value = _FLOATS[rng.integers(len(_FLOATS))]
    with np.errstate(over="ignore", under="ignore"):
        new = np.array(value, rng.choice(["<f4", "<f8"])).tobytes()
    data[at : at + len(new)] = new[: len(data) - at]


def _digits(data: bytearray, at: int, rng: Generator) -> None:
    """The next number that is written in digits, as in the header of an .npy, is another."""
    start = next((i for i in range(at, len(data)) if 48 <= data[i] <= 57), None)
    if start is None:
        return
    end = start
    while end < len(data) and 48 <= data[end] <= 57:
        end += 1
    new = rng.choice(["0", "-1", "1", "9" * 19, "9" * 40, "9" * 400, "4000000000000000000"])
    data[start:end] = str(new).encode()


_CHANGES: tuple[Change, ...] = (
    *(_flip, _flip, _run, _same, _cut, _removed, _twice, _spliced, _added),
    *(_number, _number, _float, _digits),
)


# --- text that has a structure ----------------------------------------------------------------
_ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 1.5, -0.0, 1e308, -1e308, 1e-320, 10**18, -(10**18), 10**30),
    *("", " ", "x", "NaN", "1e400", "\0", "\u202e", "../..", "/etc/passwd", "a" * 5000),
    *([], {}, [[]], [None], {"": None}, [[[[[[]]]]]]),
)
_DEEP = tuple("[" * levels + "]" * levels for levels in (50, 900, 20_000))
_LITERALS = (
    *("NaN", "Infinity", "-Infinity", "1e999", "1" * 400, "1" * 5000, "-" + "9" * 30, "1e-999"),
    *('"\\ud800"', *_DEEP),
)
"""Values that JSON's grammar, or Python's reader of it, allows."""
_YAML_LITERALS = (
    *(".nan", ".inf", "1e400", "9" * 400, "!!python/name:os.system", "*a", "2001-01-01", "0o17"),
    *_DEEP[:2],
)
_MARK = "mark-of-a-literal"
_YAML_ENDS = (
    *("&a [*a]\n", "<<: *a\n", "? {a: b}\n: c\n", "x: !!binary |\n  ====\n", "--- 1\n", "\t- x\n"),
    "l: &l [1, 1, 1, 1, 1, 1, 1, 1, 1]\nm: &m [*l, *l, *l, *l, *l, *l, *l]\nn: [*m, *m, *m, *m]\n",
)
_STRAY = ("{", "]", '"', "\\", "\0", "\ufeff", "\u2028", ",,")
_BEFORE = ("[", '{"a":', " ", "\ufeff")


def mutate_json(value: Any, rng: Generator) -> str:
    """The text of a value after one to four changes of it, and of its text now and then."""
    changed = value
    for _ in range(rng.integers(1, 5)):
        changed = _changed(changed, rng)
    text = json.dumps(changed, ensure_ascii=bool(rng.random() < 0.5))
    text = text.replace(f'"{_MARK}"', _LITERALS[rng.integers(len(_LITERALS))])
    if isinstance(changed, dict) and changed and rng.random() < 0.1:  # a key that is there twice
        text = f"{text[:-1]}, {json.dumps(next(iter(changed)))}: 0}}"
    return _text(text, rng) if rng.random() < 0.3 else text


def mutate_yaml(value: Any, rng: Generator) -> str:
    """As `mutate_json`, in YAML's block style, with tags, anchors and merges now and then."""
    import yaml

    changed = value
    for _ in range(rng.integers(1, 5)):
        changed = _changed(changed, rng)
    text = yaml.safe_dump(changed, allow_unicode=True)
    text = text.replace(_MARK, _YAML_LITERALS[rng.integers(len(_YAML_LITERALS))])
    if rng.random() < 0.3:
        text += _YAML_ENDS[rng.integers(len(_YAML_ENDS))]
    return _text(text, rng) if rng.random() < 0.3 else text


def _changed(value: Any, rng: Generator) -> Any:
    """The value with one place in it changed; deeper places come more often."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        keys = list(value)
        key = keys[rng.integers(len(keys))]
        return _dict(value, key, rng)
    if isinstance(value, list) and value and rng.random() < 0.95:
        return _list(value, int(rng.integers(len(value))), rng)
    if rng.random() < 0.3:
        return _MARK
    return _ODD[rng.integers(len(_ODD))]


def _dict(value: dict[Any, Any], key: Any, rng: Generator) -> dict[Any, Any]:
    kind = rng.random()
    if kind < 0.75:
        return value | {key: _changed(value[key], rng)}
    rest = {k: v for k, v in value.items() if k != key}
    if kind < 0.85:
        return rest
    if kind < 0.95:
        return rest | {str(rng.choice(["", "x", str(key).upper(), f"{key} ", "0"])): value[key]}
    return value | {f"{key}_again": value[key]}


def _list(value: list[Any], at: int, rng: Generator) -> list[Any]:
    kind = rng.random()
    if kind < 0.75:
        return [*value[:at], _changed(value[at], rng), *value[at + 1 :]]
    if kind < 0.85:
        return value[:at] + value[at + 1 :]
    return value[:at] + [value[at]] * int(rng.choice([2, 3, 40])) + value[at + 1 :]


def _text(text: str, rng: Generator) -> str:
    """A text with a piece gone, there twice, or other letters in it."""
    at = int(rng.integers(len(text) + 1))
    end = at + int(rng.integers(1, 60))
    kind = rng.integers(5)
    if kind == 0:
        return text[:at]
    if kind == 1:
        return text[:at] + text[end:]
    if kind == 2:
        return text[:end] + text[at:]
    if kind == 3:
        return text[:at] + _STRAY[rng.integers(len(_STRAY))] + text[at:]
    return _BEFORE[rng.integers(len(_BEFORE))] * int(rng.choice([1, 30, 20_000])) + text
