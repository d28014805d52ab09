"""A trained model at work: clips in, signs out; and new signs taught to it by a few examples."""
