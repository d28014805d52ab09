"""The part of an address behind the question mark."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from starlette.requests import Request

from signlet.serve.rejection import Rejection


def only(*names: str) -> Callable[[Request], None]:
    """A check that a request gives these parameters only, each of them once.

    It raises Rejection (422), which names the nearest.
    """

    def check(request: Request) -> None:
        given = [name for name, _ in request.query_params.multi_items()]
        for name in given:
            if name not in names:
                raise Rejection(422, f"query parameter {name[:40]}: is unknown here{_hint(name)}")
            if given.count(name) > 1:
                raise Rejection(422, f"query parameter {name}: is given twice; give it once")

    def _hint(name: str) -> str:
        near = get_close_matches(name, names, 1, 0.5)
        if near:
            return f"; did you mean {near[0]}?"
        return f"; there is {' and '.join(names)}" if names else "; leave it out"

    return check
