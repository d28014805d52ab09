"""signlet: small sign recognisers, from landmarks to phone."""

__version__ = "0.1.0"
