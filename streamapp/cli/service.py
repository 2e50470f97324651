"""`streamapp checkout` and its like: a registered service as a process of its own, on loopback.

Knows nothing of what a service answers.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
import time
from typing import TYPE_CHECKING

import click

from streamapp.cli.options import cluster_options, current_settings, setting
from streamapp.errors import ConfigurationError
from streamapp.service import Publisher, Service
from streamapp.settings import Settings

if TYPE_CHECKING:
    from aiohttp import web

PORT = 6067


def service_command(service: Service) -> click.Command:
    """The command that runs `service`."""

    @click.command(service.name, help=f"{service.title}\n\nOne line on stdout says when it is ready.")
    @click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
    @click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=PORT,
        show_default=True,
        help="Port to listen at; 0: a free one.",
    )
    @setting("log_level", "What is logged on stderr.", metavar="LEVEL")
    @cluster_options
    def command(host: str, port: int) -> None:
        settings = current_settings()
        logging.basicConfig(stream=sys.stderr, level=settings.log_level.upper())
        asyncio.run(serve(settings, service, host, port))

    return command


async def serve(settings: Settings, service: Service, host: str, port: int) -> None:
    """Runs until SIGTERM or SIGINT; requests that are being answered then are answered.

    Raises `ConfigurationError` when the port is taken, `KafkaUnavailableError` when no broker answers.
    """
    from aiohttp.web import AppRunner  # late: it takes longer to import than the rest

    from streamapp.kafka.publisher import RecordPublisher

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with RecordPublisher(settings.resolve_bootstrap()) as sender:
        publisher = Publisher(sender, service.name, lambda: int(time.time() * 1000))
        runner = AppRunner(service.build(publisher), shutdown_timeout=5.0)
        await runner.setup()
        try:
            await _listen(runner, host, port)
            await stopped.wait()
        finally:
            await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    from aiohttp.web import TCPSite

    try:
        await TCPSite(runner, host, port).start()
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen at {host}:{port} ({error.strerror}): choose another with --port; 0 is a free one"
        ) from error
    chosen = runner.addresses[0][1]
    print(json.dumps({"ready": True, "url": f"http://{host}:{chosen}"}), flush=True)
