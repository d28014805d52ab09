"""What all model files have in common: a checksum, careful reading, and answers that are checked.

Nothing here needs torch, or one of the libraries that run a model.
"""
