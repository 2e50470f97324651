"""Pictures of time for the pages on operators, drawn from what the pages' own examples do.

Knows nothing of how topologies run.
"""
