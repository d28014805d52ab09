"""The model that comes with signlet: how it is made, and how good it is."""
