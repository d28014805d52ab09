"""How soon the commands answer."""
