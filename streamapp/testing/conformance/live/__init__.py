"""Runs conformance cases through the real worker on a real broker, one input after the other.

Knows nothing of what results are right.
"""
