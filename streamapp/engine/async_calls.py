"""Calls of an author's asynchronous functions, made for records before these are processed.

All calls of a run are made at once, but for the bound, and those of one key one after the other; the records are then
processed in their order, each with what was answered. So nothing of a record is done, and nothing is committed of it,
before its answer is there, and results are those of a function that answers at once. Knows nothing of tasks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from streamapp.dsl.node import Node
from streamapp.dsl.nodes_stream import ProcessAsync
from streamapp.engine.operator import Context, Forward
from streamapp.engine.records import Headers, Row
from streamapp.engine.specs import SourceSpec, SubTopology

_TURNS = 4
"""How often, about, a run fills the bound: more make it longer, fewer let calls wait for the slowest more often."""


class Calls:
    """The calls for the records of one topic; `nodes` are the steps that make them."""

    def __init__(self, source: SourceSpec, nodes: Sequence[ProcessAsync], context: Context) -> None:
        self._source, self._nodes, self._context = source, nodes, context
        self.at_once = _TURNS * min(node.concurrency for node in nodes)
        """How many records should be asked for together."""

    async def make(self, rows: Sequence[Row]) -> None:
        """Returns when there is an answer for each record; those that are there already are not asked for again."""
        answers, context = self._context.answers, self._context
        context.answers = {}
        for node in self._nodes:
            wanted = {(node, self._source.topic, row[0]): row for row in rows}
            context.answers |= {place: answers[place] for place in wanted if place in answers}
            await self._ask(node, {place: row for place, row in wanted.items() if place not in answers})

    async def _ask(self, node: ProcessAsync, wanted: dict[tuple[Node, str, int], Row]) -> None:
        bound, chains = asyncio.Semaphore(node.concurrency), dict[bytes | None, list[tuple[Any, Row]]]()
        for at, (place, row) in enumerate(wanted.items()):
            key = row[2] if row[2] is not None else at.to_bytes(8)  # null keys have no order among each other
            chains.setdefault(key, []).append((place, row))
        async with asyncio.TaskGroup() as group:
            for chain in chains.values():
                group.create_task(self._ask_in_order(node, chain, bound))

    async def _ask_in_order(
        self, node: ProcessAsync, chain: Iterable[tuple[Any, Row]], bound: asyncio.Semaphore
    ) -> None:
        for place, row in chain:
            async with bound:
                self._context.answers[place] = await self._answer(node, row)

    async def _answer(self, node: ProcessAsync, row: Row) -> tuple[Any, Exception | None]:
        """What the function answers, or what it raises: the record fails with that when it is processed."""
        try:
            call = self._call(node, row)
        except Exception:  # noqa: BLE001 - it cannot be decoded, which is found again when it is processed
            return None, None
        limit = asyncio.timeout(node.timeout_ms / 1000)
        try:
            async with limit:
                return await call, None
        except Exception as error:  # noqa: BLE001 - the author's code may raise anything
            if limit.expired():
                return None, TimeoutError(f"{node.call.where} has not answered within {node.timeout_ms} ms")
            return None, error

    def _call(self, node: ProcessAsync, row: Row) -> Coroutine[Any, Any, Any]:
        _, _, key, value, _ = row
        arguments = [None if value is None else self._source.value.decode(value)]
        if node.call.with_key:
            arguments.insert(0, None if key is None else self._source.key.decode(key))
        made: Coroutine[Any, Any, Any] = node.call.call(*arguments)
        return made


def calls_of(subtopology: SubTopology, context: Context) -> dict[str, Calls]:
    """By topic, for those whose records are asked for."""
    found = {}
    for source in subtopology.sources:
        nodes = [
            node for node in subtopology.nodes if isinstance(node, ProcessAsync) and node.parents[0] in source.nodes
        ]
        if nodes:
            found[source.topic] = Calls(source, nodes, context)
    return found


def build_process_async(node: ProcessAsync, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on each record with what was answered for it."""
    here = context.here

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        answer, error = context.answers.pop((node, here.topic, here.row[0]))
        if error is not None:
            raise error
        forward(key, answer, timestamp, headers)

    return (process,)
