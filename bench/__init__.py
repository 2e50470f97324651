"""Benchmarks: the workloads, what runs them on the worker and on rivals, and what is measured of them."""
