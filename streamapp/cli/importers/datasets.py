"""The data sets that can be imported: where their events go, and what makes events of their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from streamapp.cli.importers import nab, nasa_http, online_retail
from streamapp.cli.importers.events import Event


@dataclass(frozen=True, slots=True)
class Dataset:
    """A kind of file: `events` takes lines, the file's name, and what else the importer asks for."""

    topic: str
    """Where its events go, unless told otherwise."""
    events: Callable[..., Iterator[Event]]


DATASETS = {
    "online-retail": Dataset("retail", online_retail.events),
    "nab": Dataset("readings", nab.events),
    "nasa-http": Dataset("requests", nasa_http.events),
}
