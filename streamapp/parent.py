"""How a worker process ends with the command that started it, even when that is killed and can say nothing.

The parent holds the other end of our standard input; when it closes, the parent is gone. Knows nothing of workers.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

WATCHED = "STREAMAPP_ENDS_WITH_STDIN"
"""The environment variable by which a parent asks for it."""


def end_with_parent() -> None:
    """Sends this process SIGTERM when its standard input ends, if its parent has asked for that."""
    if os.environ.get(WATCHED):
        threading.Thread(target=_wait, name="parent", daemon=True).start()


def _wait() -> None:
    while os.read(sys.stdin.fileno(), 1):  # nothing is written there; not by `read`, whose lock outlives the thread
        pass
    os.kill(os.getpid(), signal.SIGTERM)
