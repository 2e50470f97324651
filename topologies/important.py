"""Passes on the messages that say they are important."""

from __future__ import annotations

from streamapp import Topology, stream
from topologies.events import IMPORTANT_MESSAGES, MESSAGES


def is_important(message: str) -> bool:
    """Whether the word is in the text."""
    return "important" in message


topology = Topology("important", stream(MESSAGES).filter(is_important).to(IMPORTANT_MESSAGES))
