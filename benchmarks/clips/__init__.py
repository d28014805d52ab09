"""The clips that other benchmarks read: real ones, and ones that are made up."""
