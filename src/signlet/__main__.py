"""`python -m signlet`, which is what torchrun starts."""

import sys

from signlet.cli import main

if __name__ == "__main__":
    sys.exit(main())
