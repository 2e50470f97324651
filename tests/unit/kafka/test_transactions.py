"""Transactions that cannot go on, without a broker."""

from __future__ import annotations

import pytest

from streamapp.kafka import RetriableKafkaError
from streamapp.kafka.connection import address_of
from streamapp.kafka.producer_client import ProducerClient
from streamapp.kafka.transactions import Transactions


async def test_a_transaction_whose_abort_was_not_answered_is_left_to_the_next_producer() -> None:
    """The work can be done again then; a topology that took it for an error of its own would stop."""
    client = ProducerClient(
        address_of("127.0.0.1:1").options,
        transactional_id="t",
        transaction_timeout=1.0,
        request_timeout=1.0,
        delivery_timeout=1.0,
    )
    transactions = Transactions(client, 1.0)
    transactions.open = True
    client.failure = TimeoutError()
    with pytest.raises(RetriableKafkaError, match="must be replaced after TimeoutError"):
        await transactions.begin()
    await client.stop()
