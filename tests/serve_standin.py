"""A service around the stand-in recogniser, for tests that need a process: SECONDS a batch."""

from __future__ import annotations

import sys

from serving import Standin
from signlet.serve.app import make_app
from signlet.serve.limits import Limits
from signlet.serve.server import run

if __name__ == "__main__":
    app = make_app(Standin(seconds=float(sys.argv[1])), Limits(decoders=1, max_batch=2))
    run(app, "127.0.0.1", 0, 20, announce=lambda address: print(address, flush=True))
    print("not reached")
