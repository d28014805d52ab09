"""How a command runs among others: signals, child processes, locks and left-overs."""
