"""A request that gets no answer but one line that says why."""

from __future__ import annotations

from collections.abc import Mapping

from signlet.printable import printable, shortened

_LONGEST = 400
_RETRY = {"Retry-After": "1"}


def cleaned(text: str) -> str:
    """Text from anywhere as one printable line of a bearable length."""
    return shortened(printable(" ".join(text.split())), _LONGEST)


class Rejection(Exception):  # noqa: N818
    """status: of HTTP. detail: one line naming the problem and the remedy; it is cleaned.

    headers: to add. A status of 503 tells when to come back.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.detail = status, cleaned(detail)
        self.headers = _RETRY if status == 503 and headers is None else headers
        super().__init__(self.detail)
