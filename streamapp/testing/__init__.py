"""What tests of topologies are made with; shipped, and used by our own tests."""
