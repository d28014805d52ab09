"""Which files are videos; looking at this needs no library."""

VIDEO_SUFFIXES = (".mp4", ".webm", ".mov", ".avi", ".mkv", ".m4v")
"""Endings of the files that are videos, in lower case."""
