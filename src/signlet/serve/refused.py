"""A request that gets no answer but one line that says why."""

from __future__ import annotations

from collections.abc import Mapping


class Refused(Exception):  # noqa: N818
    """status: of HTTP. detail: one line naming the problem and the remedy. headers: to add."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, " ".join(detail.split()), headers
