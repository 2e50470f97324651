"""The demo: the whole shop at work on this machine, and the proof that no order was lost or done twice.

Uses only what a user has: the commands of streamapp, HTTP, and the topics.
"""
