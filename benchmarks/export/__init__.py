"""Exported files against the model in torch."""
