"""Runs conformance cases, which are topologies and inputs as data, and compares what comes out.

On the engine alone; in `live`, through the real worker. Knows nothing of how either works inside.
"""
