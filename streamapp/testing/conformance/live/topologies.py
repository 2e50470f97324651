"""The topologies of staged cases, for a worker: `STREAMAPP_TOPOLOGIES` names this module.

Reads the file that the environment names. Knows nothing of inputs or results.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from streamapp.testing.conformance.live.staged import VARIABLE, topology_of

TOPOLOGIES = tuple(topology_of(**document) for document in json.loads(Path(os.environ[VARIABLE]).read_bytes()))
