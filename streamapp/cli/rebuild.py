"""`streamapp TOPOLOGY rebuild`: state built anew by the present code, beside the live one, then put in its place.

The topology runs again in memory up to where its group is, while workers go on; then they rest for a moment, the last
records are run too, and what differs is written to the changelogs in one transaction. Knows nothing of how tasks are
withheld from workers, or of how rows are written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from streamapp.cli.options import application_options, current_settings
from streamapp.dsl.topology import Topology
from streamapp.errors import ConfigurationError, NotFoundError
from streamapp.settings import Settings

if TYPE_CHECKING:
    from streamapp.cli.recording import Recording
    from streamapp.cli.switching import Switched
    from streamapp.kafka import Admin
    from streamapp.replay.run import Replay

_CLOSE = 2_000
"""Records behind the group at which the workers are asked to rest."""

_ROUNDS = 20
"""How often it is tried to come so close."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help='Print {"rows", "changed"}.')
@application_options
@click.pass_obj
def rebuild(topology: Topology, as_json: bool) -> None:
    """Build the topology's tables anew from the beginning of its topics, beside the live ones, then switch.

    Workers go on meanwhile; for the switch they rest for some seconds and then serve the new state. Nothing is
    written to the topics the topology writes. Until the switch, which is one transaction, nothing has changed: it may
    be interrupted at any time.
    """
    import msgspec

    done = asyncio.run(rebuilt(current_settings(), topology))
    if as_json:
        click.echo(msgspec.json.encode({"rows": done.rows, "changed": done.changed}))
    else:
        click.echo(f"{topology.name} is rebuilt: {done.rows} rows, of which {done.changed} were written or deleted")


async def rebuilt(settings: Settings, topology: Topology) -> Switched:
    """Rebuilds a topology and switches; raises `NotFoundError` when there is nothing to rebuild.

    Raises `ConfigurationError` when its input is no longer whole, or its workers cannot be brought to rest.
    """
    from streamapp.cli.cluster import open_admin
    from streamapp.cli.recording import recording, refuse_truncated
    from streamapp.cli.switching import Switching
    from streamapp.cli.withholding import Withholding, levels
    from streamapp.kafka import Partitioner
    from streamapp.replay.run import Replay

    async with open_admin(settings) as admin:
        recorded = await recording(settings, admin, topology)
        _refuse_hopeless(recorded)
        refuse_truncated(recorded)
        levels(recorded.plan)
        run = Replay(recorded.plan, recorded.names.group, recorded.widths, Partitioner)
        try:
            positions = await _catch_up(settings, admin, recorded, run)
            async with Withholding(settings, admin, recorded.plan, recorded.names) as withholding:
                committed, _, member = await withholding.rest(2 * settings.session_timeout)
                await _go_on(settings, recorded, positions, committed, run)
                if run.failed:
                    click.echo(f"note: {run.failed} records failed, and are left out", err=True)
                return await Switching(settings, admin, recorded.names, run).switch(committed, member)
        finally:
            run.close()


def _refuse_hopeless(recorded: Recording) -> None:
    plan = recorded.plan
    if not any(spec.log == "changelog" for spec in plan.stores):
        raise NotFoundError(
            f"topology {plan.topology.name!r} keeps no state with a changelog: there is nothing to rebuild"
        )
    if compacted := recorded.compacted & {
        source.topic for sub in plan.subtopologies for source in sub.sources if not source.internal
    }:
        click.echo(f"note: compacted topics forget values that were replaced: {', '.join(sorted(compacted))}", err=True)


Positions = dict[tuple[str, int], int]


async def _catch_up(settings: Settings, admin: Admin, recorded: Recording, run: Replay) -> Positions:
    """Runs the input until it is close behind the group; gives how far it is."""
    positions = dict(recorded.starts)
    for _ in range(_ROUNDS):
        committed = {at: offset for at, (offset, _) in (await admin.committed(recorded.names.group)).items()}
        if not committed:
            raise NotFoundError(
                f"group {recorded.names.group!r} has processed nothing yet: start the topology with "
                f"'streamapp {recorded.plan.topology.name} run', which builds its state"
            )
        before = sum(positions.values())
        positions = await _go_on(settings, recorded, positions, committed, run)
        if sum(positions.values()) - before < _CLOSE:
            return positions
    raise ConfigurationError(
        f"topology {recorded.plan.topology.name!r} processes faster than it can be rebuilt: rebuild while less comes in"
    )


async def _go_on(
    settings: Settings, recorded: Recording, positions: Positions, committed: Mapping[tuple[str, int], int], run: Replay
) -> Positions:
    """Runs the input from `positions` to where the group is; global tables to their ends."""
    from streamapp.cli.cluster import open_consumer
    from streamapp.cli.reading import runs

    sources = {source.topic for sub in recorded.plan.subtopologies for source in sub.sources}
    ends = {
        at: committed.get(at, start) if at[0] in sources else recorded.ends[at] for at, start in recorded.starts.items()
    }
    for at, end in ends.items():
        run.begin(*at, positions[at])
        run.set_end(*at, end)
    async with open_consumer(settings) as consumer:
        async for at, rows, next_offset in runs(consumer, positions, ends):
            run.add(*at, rows, min(next_offset, ends[at]))
            run.run()
    return {at: max(end, positions[at]) for at, end in ends.items()}
