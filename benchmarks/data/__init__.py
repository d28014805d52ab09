"""Sets of clips: packing them, checking them, their full size."""
