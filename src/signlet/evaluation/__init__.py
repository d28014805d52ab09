"""Which clips are held out, what models say of them, and how good that is."""
