"""Model files: checksum, careful reading, checked answers, for all formats.

Nothing here needs torch, or one of the libraries that run a model.
"""

MAX_SIZE = 8192
"""No part of a model is wider, and none looks at more frames."""
