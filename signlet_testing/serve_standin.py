"""A service around the stand-in recogniser, for tests that need a process.

Its argument is JSON: seconds of a batch (or "busy", which never ends), drain, limits, silent
(seconds that a connection may be), access_log.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from signlet.serve import connections
from signlet.serve.app import make_app
from signlet.serve.limits import Limits
from signlet.serve.server import run
from signlet_testing.serving import Standin


class Busy(Standin):
    """Computes for ever."""

    def batch(self, clips: Any) -> Any:
        while True:
            pass


if __name__ == "__main__":
    given = {"seconds": 0, "drain": 20, "limits": {}, "silent": 10, "access_log": False}
    given |= json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    connections.SILENT_SECONDS = given["silent"]
    seconds = given["seconds"]
    recogniser = Busy() if seconds == "busy" else Standin(seconds=seconds)
    app = make_app(recogniser, Limits(**{"decoders": 1, "max_batch": 2} | given["limits"]))
    shown = given["access_log"]
    try:
        run(app, "127.0.0.1", 0, given["drain"], shown, lambda address: print(address, flush=True))
    except KeyboardInterrupt:
        sys.exit(130)
    print("not reached")
