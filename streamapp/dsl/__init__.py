"""The language of topologies, as frozen values. Knows nothing of bytes, tasks or Kafka."""
