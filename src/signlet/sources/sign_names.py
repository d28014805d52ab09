"""Check the sign names of a whole set; report all invalid names at once."""

from __future__ import annotations

from signlet.errors import SignletError
from signlet.sources.unused_files import listed
from signlet.text.names import sign_name


class SignNames:
    """Names in their one form, one after the other; `refuse` says at the end which are none."""

    def __init__(self) -> None:
        self._good: dict[str, str] = {}
        self._bad: dict[str, SignletError] = {}

    def of(self, text: str, where: str) -> str:
        """The name as `sign_name` gives it; as it is where that refuses it. where: as there."""
        if text not in self._good and text not in self._bad:
            try:
                self._good[text] = sign_name(text, where)
            except SignletError as error:
                self._bad[text] = error
        return self._good.get(text, text)

    def refuse(self) -> None:
        """Raise SignletError if names were refused: the first, and what the others are."""
        if not self._bad:
            return
        error, *_ = self._bad.values()
        _, *others = map(ascii, self._bad)
        if not others:
            raise error
        have = "sign has a name that is" if len(others) == 1 else "signs have names that are"
        raise SignletError(
            f"{error}; {len(others)} more {have} refused: {listed(map(_short, others))}"
        )


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:20]}...'"
