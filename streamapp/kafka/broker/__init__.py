"""The embedded broker: Apache Kafka in KRaft mode on this machine, with nothing but pip.

Here is what asks for a broker that runs; `streamapp.kafka.broker.server` starts and stops one. Loads no
client and opens no connection. Knows nothing of topics.
"""

from streamapp.kafka.broker.location import default_folder, known_folder, running_bootstrap
from streamapp.kafka.broker.status import BrokerStatus, Node, running

__all__ = ["BrokerStatus", "Node", "default_folder", "known_folder", "running", "running_bootstrap"]
