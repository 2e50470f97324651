"""The worker on a real broker, as a process of its own that can be killed."""
