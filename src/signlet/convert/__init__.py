"""Clips whose numbers mean something else, written anew as what they should be."""

from signlet.convert.clips import Converted, convert_file, convert_set, read_as

__all__ = ["Converted", "convert_file", "convert_set", "read_as"]
