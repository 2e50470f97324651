"""Faults on a real broker: each is done to a worker under load, proven to have happened, and its results checked.

`python -m tests.chaos FAULT|all|list`, or `scripts/chaos`; the tests beside run a short form of each.
"""
