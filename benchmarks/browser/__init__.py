"""The model and the page in a browser."""
