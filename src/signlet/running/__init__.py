"""Processes: signals, child processes, locks and temporary folders."""
