"""What signlet can do and what it costs, measured. `python -m benchmarks` lists all benchmarks."""
