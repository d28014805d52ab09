"""The live page: what runs in a browser, and what builds it into a folder of static files."""
