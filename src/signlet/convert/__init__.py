"""Clips whose numbers have another meaning, converted to the usual one."""

from signlet.convert.clips import Converted, convert_file, convert_set, read_as

__all__ = ["Converted", "convert_file", "convert_set", "read_as"]
