"""Keep exporters from talking of what does not concern the user."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No output, warnings and log lines meanwhile; errors pass, and all is as before afterwards."""
    root, nowhere = logging.getLogger(), io.StringIO()
    disabled, handlers = root.manager.disable, root.handlers[:]
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        root.handlers[:] = handlers  # logging.warning() adds one, to a stream that is no more
