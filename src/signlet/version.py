"""The version of this package; model files and run folders carry it."""

__version__ = "0.1.0"
