"""Benchmarks, run by hand: `python -m tests.bench.w1`, `python -m tests.bench.start`."""
