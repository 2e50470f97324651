"""What stops a benchmark: a system that fails, a tool that is missing. Knows nothing else."""

from __future__ import annotations


class BenchError(Exception):
    """A measurement cannot be made; the message says which, why, and what to do."""
