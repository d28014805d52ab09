"""Settings in YAML, as users and runs write them: a mapping of plain values, or one line.

Such a file comes from anywhere. It is read up to a size and a depth, an alias counts as often as
it stands there, and whatever the YAML library raises becomes an error that names the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from itertools import accumulate
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from signlet.errors import SignletError, reason_of
from signlet.files.regular import require_regular

_MOST_BYTES = 1 << 17
_MOST_VALUES = 20_000
_DEEPEST = 20
_YAML = "tag:yaml.org,2002:"
_NAMES = (f"{_YAML}str", f"{_YAML}merge")
_KINDS = ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")
_PLAIN = {f"{_YAML}{kind}" for kind in _KINDS}


def read_mapping(path: Path, remedy: str) -> dict[str, Any]:
    """The mapping in a YAML file; its keys are texts and none is in it twice.

    remedy: what the user can do, the end of an error.
    Raises SignletError if the file cannot be read, is no YAML, or holds no mapping.
    """
    require_regular(path, SignletError)
    try:
        return _mapping(_text(path))
    except Exception as error:  # the library raises nearly anything for a hostile file
        raise SignletError(f"{path}: {_reason(error)}; {remedy}") from None


def _text(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise SignletError(f"has more than {_MOST_BYTES >> 10} KB, too much for settings")
    text = content.decode("utf-8-sig")
    depth = accumulate(1 if letter in "[{" else -1 for letter in text if letter in "[]{}")
    if max(depth, default=0) > 10 * _DEEPEST:  # at which the library takes seconds
        raise RecursionError
    return text


def _mapping(text: str) -> dict[str, Any]:
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise SignletError("contains no settings; write lines of the form name: value")
        for number, _ in enumerate(_nodes(node, 0)):
            if number > _MOST_VALUES:
                raise SignletError("holds too many values")
        content: dict[str, Any] = loader.construct_document(node)
        return content
    finally:
        loader.dispose()


def _nodes(node: yaml.Node, depth: int) -> Iterator[yaml.Node]:
    """Every value, one that is named by aliases as often as they name it."""
    if depth > _DEEPEST:
        raise SignletError(f"is nested more than {_DEEPEST} deep")
    if node.tag not in _PLAIN:
        raise SignletError(f"{_line(node)} has the type {node.tag}, which a setting cannot have")
    if isinstance(node.value, str) and not _is_text(node.value):
        raise SignletError(f"{_line(node)} holds half a character")
    yield node
    if isinstance(node, yaml.MappingNode):
        _check_keys(node)
        for _, value in node.value:
            yield from _nodes(value, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _nodes(value, depth + 1)


def _check_keys(node: yaml.MappingNode) -> None:
    seen = set()
    for key, _ in node.value:
        name = key.value if key.tag in _NAMES else None
        if not isinstance(name, str):
            raise SignletError(f"{_line(key)} does not begin with the name of a setting")
        if name in seen:
            raise SignletError(f"{_line(key)} has {name} again")
        seen.add(name)


def _is_text(value: str) -> bool:
    """Return True if UTF-8 can encode the text: it holds no surrogate."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _line(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}"


def _reason(error: Exception) -> str:
    if isinstance(error, SignletError):
        return str(error)
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror or error})"
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8 text"
    if isinstance(error, RecursionError):
        return f"is nested more than {_DEEPEST} deep"
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or reason_of(error)
    where = f"line {mark.line + 1}: " if mark is not None else ""
    return f"is not YAML ({where}{said[:200]})"


# --- whether they are a recipe's -----------------------------------------------------------


def check_sections(
    settings: Mapping[str, Any], kind: Any, others: frozenset[str] = frozenset(), within: str = ""
) -> None:
    """Raise SignletError if a name is not a setting of `kind`, or a value is missing or a mapping.

    kind: a dataclass, whose fields that are dataclasses are sections. others: names that may be
    there besides. within: the section, "optimiser.", for errors. Which numbers a value can be is
    checked where they are used.
    """
    kinds = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    for name, value in settings.items():
        if name in others or (not within and "." in name):
            continue
        if name not in names:
            raise SignletError(f"{within}{name} is not a setting{_near(name, names)}")
        section = is_dataclass(kinds[name])
        if section and isinstance(value, Mapping):
            check_sections(value, kinds[name], within=f"{within}{name}.")
        elif value is None:
            raise SignletError(f"{within}{name} has no value; give one, or leave the name out")
        elif section or isinstance(value, Mapping):
            what = "settings of its own" if section else "one value"
            raise SignletError(f"{within}{name} is {value!s:.60}; give {what}")


def _near(name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, 1)
    return f"; did you mean {near[0]}?" if near else f"; choose from {', '.join(names)}"
