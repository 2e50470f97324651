"""Where tables are kept: stores over ordered bytes, in memory or in RocksDB, committed as a whole.

Knows nothing of Kafka or of operators. RocksDB is loaded when the first folder is opened.
"""

from streamapp.state.memory_budget import configure_memory
from streamapp.state.position import Identity, Position
from streamapp.state.query import Query, ScanRow
from streamapp.state.task_state import TaskState, put_aside
from streamapp.state.trouble import ChangedStateError, DamagedStateError, StateError

__all__ = [
    "ChangedStateError",
    "DamagedStateError",
    "Identity",
    "Position",
    "Query",
    "ScanRow",
    "StateError",
    "TaskState",
    "configure_memory",
    "put_aside",
]
