"""Topologies run again over recorded input, in memory: what their tables held, what they would have written.

Drives the same tasks and stores as the worker and writes nowhere. Knows nothing of Kafka.
"""
