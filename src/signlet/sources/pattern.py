"""The pattern of file names, `--names '{sign}_{signer}_{n}'`: a path in, its fields out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from signlet.errors import SignletError
from signlet.sources.files import SUFFIXES
from signlet.sources.splits import split_name

FIELDS = ("sign", "signer", "split", "n", "any")
_TOLD = FIELDS[:3]
_FIELD = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class NamePattern:
    """A pattern on the names of files, without their endings.

    text: names with the fields {sign}, {signer}, {split} (train, val, test and the like), {n} (a
        number) and {any}. With a slash it is the whole path below the root, else the file's name.
        {signer} and {split} hold none of the characters that stand beside them in the pattern;
        {sign} may, where there is no {any}. A field that comes twice is the same both times.
    Raises SignletError for an invalid pattern.
    """

    text: str

    def __post_init__(self) -> None:
        fields = _FIELD.findall(self.text)
        wrong = [name for name in fields if name not in FIELDS]
        rest = _FIELD.sub("", self.text)
        if wrong or "{" in rest or "}" in rest:
            found = f"{{{wrong[0]}}} is not a field" if wrong else "a brace is not closed"
            raise SignletError(f"--names {self.text}: {found}; the fields are {_FIELDS_SHOWN}")
        if not self.has("sign") and not self.has("signer"):
            raise SignletError(f"--names {self.text}: contains neither {{sign}} nor {{signer}}")
        if self.has("split") and not self.has("sign"):
            raise SignletError(f"--names {self.text}: contains {{split}}, but not {{sign}}; add it")
        if re.search(r"\}\{(?!n\})", self.text):
            raise SignletError(
                f"--names {self.text}: two fields touch each other; put a character between them"
            )

    def has(self, field: str) -> bool:
        """Return True if the pattern has that field."""
        return f"{{{field}}}" in self.text

    @property
    def whole_path(self) -> bool:
        """True if the pattern is for the path below the root, not for the file's name alone."""
        return "/" in self.text

    def match(self, path: PurePosixPath) -> dict[str, str] | None:
        """Sign, signer and split, as far as the pattern has them; None if the path does not fit.

        A signer with the name of a split ("test") does not count: it is the split.
        """
        text = path.with_suffix("").as_posix() if self.whole_path else path.stem
        found = self._regex.fullmatch(text)
        if found is None:
            return None
        values = {name: found[name].strip() for name in _TOLD if self.has(name)}
        if split_name(values.get("signer", "")):
            values.setdefault("split", values.pop("signer"))
        if "split" in values:
            values["split"] = split_name(values["split"]) or ""
        return values if all(values.values()) else None

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        text = self.text.removeprefix("./")
        if PurePosixPath(text).suffix.lower() in SUFFIXES:
            text = text[: text.rindex(".")]
        parts, place, seen = [], 0, set[str]()
        for found in _FIELD.finditer(text):
            before, after = text[place : found.start()], text[found.end() :]
            parts += [re.escape(before), _field(found[1], before, after, text, seen)]
            place = found.end()
        return re.compile("".join(parts) + re.escape(text[place:]), re.IGNORECASE)


_FIELDS_SHOWN = ", ".join(f"{{{name}}}" for name in FIELDS)


def _field(name: str, before: str, after: str, text: str, seen: set[str]) -> str:
    """Regular expression of a field between what stands before and after it."""
    if name == "n":
        return r"\d+"
    if name == "any":
        return "[^/]*"
    if name in seen:
        return f"(?P={name})"
    seen.add(name)
    beside = {letter for letter in (before[-1:], after[:1]) if letter and letter not in "{}"}
    free = name == "sign" and "{any}" not in text
    others = "".join(re.escape(letter) for letter in sorted(beside - {"/"}))
    touched = "?" if after.startswith("{n}") else ""
    return f"(?P<{name}>[^/{'' if free else others}]+{touched})"
