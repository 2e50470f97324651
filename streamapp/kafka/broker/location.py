"""Where the data folder of the embedded broker is: in the state folder, or where the last one was started.

Knows nothing of what is in a data folder.
"""

from __future__ import annotations

import os
from pathlib import Path

from streamapp.kafka.broker.status import running

POINTER = "broker-data"
"""In the state folder: the absolute path of a data folder elsewhere."""


def state_folder() -> Path:
    """`STREAMAPP_STATE_DIR`, by default `.streamapp` here."""
    return Path(os.environ.get("STREAMAPP_STATE_DIR") or ".streamapp")


def default_folder(state: Path | None = None) -> Path:
    """The data folder of a broker that is started without naming one."""
    return (state or state_folder()).absolute() / "broker"


def known_folder(state: Path | None = None) -> Path:
    """The data folder of the broker that was last started from here and still runs, else the default one."""
    try:
        text = (state or state_folder()).joinpath(POINTER).read_text(encoding="utf-8").strip()
    except OSError:
        return default_folder(state)
    return Path(text) if text and running(Path(text)) else default_folder(state)


def remember(data: Path, state: Path | None = None) -> None:
    """Lets `known_folder` find a broker whose data is elsewhere."""
    folder = (state or state_folder()).absolute()
    if data.absolute() == default_folder(state):
        folder.joinpath(POINTER).unlink(missing_ok=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath(POINTER).write_text(f"{data.absolute()}\n", encoding="utf-8")


def running_bootstrap(state: Path | None = None) -> str | None:
    """The address of the embedded broker that runs, None when there is none.

    Looks in the state folder, then in the one it would be by default, since a worker may have its own.
    """
    for folder in dict.fromkeys((state or state_folder(), state_folder())):
        if status := running(known_folder(folder)):
            return status.bootstrap_servers
    return None
