"""Damaged input, signals, and power cuts."""
