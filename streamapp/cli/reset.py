"""`streamapp TOPOLOGY reset`: lets a topology start again from the beginning. Knows nothing of running tasks."""

from __future__ import annotations

import asyncio
import shutil

import click

from streamapp.cli.options import application_options, current_settings
from streamapp.dsl.topology import Topology
from streamapp.errors import ConfigurationError
from streamapp.settings import Settings
from streamapp.worker.names import Names


@click.command()
@click.option("--yes", is_flag=True, help="Do it without asking.")
@application_options
@click.pass_obj
def reset(topology: Topology, yes: bool) -> None:
    """Forget how far the topology is, its state and its internal topics.

    The next run starts from the oldest records of its topics, which stay as they are: what it writes to them
    it writes once more. Dead letters are kept. Every worker of the topology must have stopped.
    """
    settings = current_settings()
    names = Names.of(settings.application, topology.name)
    if not yes:
        click.confirm(f"Delete offsets, state and internal topics of {names.group}?", abort=True, err=True)
    for line in asyncio.run(forget(settings, topology, names)):
        click.echo(line)


async def forget(settings: Settings, topology: Topology, names: Names) -> list[str]:
    """Deletes offsets, then internal topics, then state, and says what there was.

    Raises `ConfigurationError` while a worker is in the group. Offsets go first: state without offsets, which an
    interrupted reset leaves, is refused by a worker; offsets without state would go unnoticed.
    """
    from streamapp.cli.cluster import open_admin
    from streamapp.engine.plan import plan
    from streamapp.formats import codec_for

    made = plan(topology, codec_for)
    internal = [names.internal(source.topic) for sub in made.subtopologies for source in sub.sources if source.internal]
    async with open_admin(settings) as admin:
        if members := await admin.members(names.group):
            raise ConfigurationError(
                f"{members} worker(s) of {names.group} are running: stop them, then reset; one that was killed leaves "
                f"the group after session_timeout, {settings.session_timeout:g} s"
            )
        done = [f"offsets of {names.group} deleted"] if await admin.delete_group(names.group) else []
        known = await admin.describe([*internal, *(names.changelog(spec.name) for spec in made.stores)])
        await admin.delete_topics(sorted(known))
        done += [f"topic {name} deleted" for name in sorted(known)]
        folder = names.folder(settings.state_dir)
        if folder.exists():
            shutil.rmtree(folder)
            done.append(f"state folder {folder} deleted")
    return done or [f"{names.group} has nothing to forget"]
