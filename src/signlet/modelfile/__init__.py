"""What all model files have in common: a checksum, careful reading, and answers that are checked.

Nothing here needs torch, or one of the libraries that run a model.
"""

MAX_SIZE = 8192
"""No part of a model is wider, and none looks at more frames."""
