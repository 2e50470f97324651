"""Outputs a little smaller and a little larger than their topic accepts: dead letters, and nothing else is lost."""

from __future__ import annotations

from tests.chaos.checking import check_once
from tests.chaos.order import Order
from tests.chaos.reading import passed
from tests.chaos.rows import Outcome

LIMIT = 10_000
"""`max.message.bytes` of the topic (bytes)."""


async def limits(order: Order) -> Outcome:
    """One output of each length from well under to well over the limit."""
    scene = order.scene(1)
    scene.topic_config = {"max.message.bytes": str(LIMIT)}
    async with scene:
        for length in range(LIMIT - order.events // 2, LIMIT + order.events // 2):
            await scene.feed(1, length)
        await scene.run_to_the_end(CHAOS_PADDING="grows")
        through = passed(await scene.read(scene.passed))
        letters = [row for part in (await scene.read(scene.dead_letters)).values() for row in part]
        outcome = scene.outcome
        outcome.expected, outcome.injected = len(scene.input.good), len(letters)
        dead = [event.sequence for event in scene.input.good if event.sequence >= len(through)]
        outcome.findings = check_once("outputs and dead letters", scene.input.sequences, [*through, *dead])
        if len(letters) != len(dead) or not 0 < len(through) < len(scene.input.good):
            outcome.broken.append(f"{len(through)} went through and {len(letters)} are dead letters")
    return outcome
