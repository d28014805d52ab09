"""Names and messages: one form of each name, and printing that nothing can break."""
