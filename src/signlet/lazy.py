"""Public names of a package that are imported when they are asked for, as SPEC 1 describes it.

`lazy_loader` does the same; it would be a third library where a model is used, which needs numpy
and onnxruntime only.

>>> __getattr__, __dir__ = lazily(__name__, {"draw": ("draw_strip", "draw_animation")})
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazily(
    module: str, where: Mapping[str, Sequence[str]], package: str | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a module; type checkers see the names by an import under
    `TYPE_CHECKING`.

    where: module of the package -> names that are there. package: the module itself if None.
    """
    home = {name: f"{package or module}.{part}" for part, names in where.items() for name in names}

    def found(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        return getattr(import_module(home[name]), name)

    def names() -> list[str]:
        return sorted({*vars(sys.modules[module]), *home})

    return found, names
