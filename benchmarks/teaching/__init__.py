"""Signs taught by a few examples."""
