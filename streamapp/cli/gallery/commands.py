"""The commands of `streamapp gallery`."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import click

from streamapp.cli.gallery.answers import ANSWERS
from streamapp.cli.importers.commands import FILE
from streamapp.cli.importers.datasets import DATASETS
from streamapp.cli.importers.events import Event
from streamapp.cli.importers.files import in_order, lines_of, read_order
from streamapp.cli.options import current_settings
from streamapp.cli.text import print_columns
from streamapp.errors import NotFoundError, UsageError
from streamapp.suggestion import nearest

_TERMINATED = 143
"""128 + SIGTERM."""


@click.command("list")
def list_() -> None:
    """List the answers: of which data set they are, which topology computes them, and what a line holds."""
    print_columns(
        ("ANSWER", "DATA", "TOPOLOGY", "FROM", "LINE"),
        [
            (name, answer.dataset, answer.topology, f"{answer.kind} {answer.source}", answer.columns)
            for name, answer in ANSWERS.items()
        ],
    )


@click.command()
@click.argument("name")
@click.option("--input", "file", type=FILE, required=True, help="A file of the answer's data set; may be gzipped.")
@click.option("--order", type=FILE, help="Row indexes, one per line: the order in which rows go out.")
@click.option("--partitions", type=click.IntRange(1), default=1, show_default=True, help="Of the topics.")
@click.option("--sensor", default="machine", show_default=True, metavar="NAME", help="Whose readings a nab file has.")
@click.option("--sensor-settings", metavar="JSON", help='What is unusual for it, such as {"low": 60, "history": 24}.')
def answer(
    name: str, file: Path, order: Path | None, partitions: int, sensor: str, sensor_settings: str | None
) -> None:
    """Compute the answer NAME from a file, and print its lines.

    A broker is started in a folder of its own, the file is imported, the topology runs on the worker until all is
    done, and its table or topic is printed; then broker and folder are gone. Nothing else is touched.
    """
    from streamapp.cli.gallery.run import stage

    if name not in ANSWERS:
        raise NotFoundError(f"the gallery has no answer {name!r}: {nearest(name, ANSWERS)}")
    wanted = ANSWERS[name]
    if sensor_settings is not None and wanted.dataset != "nab":
        raise UsageError(f"--sensor-settings is for readings of sensors, and {name} is made of {wanted.dataset}")
    dataset = DATASETS[wanted.dataset]
    rows = dataset.events(lines_of(file), str(file), *([sensor] if wanted.dataset == "nab" else []))
    events = rows if order is None else in_order(rows, read_order(order), str(order))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))  # so that the broker is stopped then too
    with stage(current_settings()) as on:
        if sensor_settings is not None:
            told: Event = (0, sensor.encode(), sensor_settings.encode())
            asyncio.run(on.put("sensor-settings", [told], partitions))
        asyncio.run(on.put(dataset.topic, events, partitions))
        on.process(wanted.topology)
        sys.stdout.buffer.writelines(asyncio.run(on.lines(wanted)))
