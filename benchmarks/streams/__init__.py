"""Signs found in streams of many signs."""
