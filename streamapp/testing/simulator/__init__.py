"""Runs real workers against a cluster, a clock and disks that are simulated, with faults drawn from a seed.

`python -m streamapp.testing.simulator --seeds 0:1000`. The same seed gives the same run, step by step. What is
simulated is the log, the group and transaction coordinators, the network, time and power; what runs on it is the code
of `streamapp.worker`, `streamapp.state` and `streamapp.engine` itself. docs/reliability.md says what is modelled.
"""
