"""All topologies that faults are done to, as an author's own package lists them: `STREAMAPP_TOPOLOGIES` names them."""

from __future__ import annotations

from tests.chaos import pipeline, stamped, troubled

TOPOLOGIES = (*pipeline.TOPOLOGIES, *stamped.TOPOLOGIES, *troubled.TOPOLOGIES)
