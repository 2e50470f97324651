"""The Faust shell and the Applications in it: agents, tables, assignment, commits, recovery.

Everything with a clock, a socket or a process is here or in `streamapp.kafka`; what a record means is in
`streamapp.engine`.
"""
