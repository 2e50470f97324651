"""What we override and what we lean on in libraries that promise neither: it fails when one of it changes.

An entry names something of a library and the digest of its source in each version that our pins allow. When one
fails, read what changed, check what we built on it (the entry says where), and only then add the new digest, together
with the new pin.
"""

from __future__ import annotations

import hashlib
import inspect
from importlib import import_module
from importlib.metadata import version
from typing import Any, NamedTuple

import pytest

DISTRIBUTIONS = {"faust": "faust-streaming"}
"""Libraries whose package has another name."""


class Contract(NamedTuple):
    """Something of a library, `module:Class.method` or `module:Class`, who relies on it, and its known digests."""

    path: str
    used_by: str
    digests: frozenset[str]


def contract(path: str, used_by: str, *digests: str) -> Contract:
    """One line of the table."""
    return Contract(path, used_by, frozenset(digests))


CONTRACTS = [
    # aiokafka 0.13.0 and 0.14.0: reading and groups
    contract("aiokafka.consumer.fetcher:Fetcher.__init__", "kafka/fetcher", "d288bd62951a", "bf21ecb7e0f2"),
    contract("aiokafka.consumer.fetcher:Fetcher.close", "kafka/fetcher", "1cd24bc1c442"),
    contract("aiokafka.consumer.fetcher:Fetcher._create_fetch_waiter", "kafka/fetcher", "61d840568746"),
    contract("aiokafka.consumer.fetcher:Fetcher._fetch_requests_routine", "kafka/fetcher", "2a8ec5932644"),
    contract(
        "aiokafka.consumer.fetcher:Fetcher._get_actions_per_node", "kafka/fetcher", "a41a1b9d5921", "1dab2cf937d1"
    ),
    contract("aiokafka.consumer.fetcher:Fetcher._notify", "kafka/fetcher", "d3a30d94f34f"),
    contract("aiokafka.consumer.fetcher:Fetcher._proc_fetch_request", "kafka/fetcher", "b00f25ba4fc3", "59bf948fff47"),
    contract("aiokafka.consumer.fetcher:Fetcher.seek_to", "kafka/fetcher", "f0ba6aba6c22"),
    contract("aiokafka.consumer.fetcher:Fetcher.beginning_offsets", "kafka/fetcher", "da6480f3546b"),
    contract("aiokafka.consumer.fetcher:Fetcher.end_offsets", "kafka/fetcher", "d03333ff4f87"),
    contract("aiokafka.consumer.fetcher:FetchResult", "kafka/fetcher", "d7db13f06de8"),
    contract("aiokafka.consumer.fetcher:FetchError", "kafka/fetcher", "10966ad4c795"),
    contract("aiokafka.consumer.fetcher:PartitionRecords", "kafka/records", "94aa0da0dbec"),
    contract("aiokafka.consumer.group_coordinator:BaseCoordinator", "kafka/coordinator", "e0fbe0d12fe5"),
    contract("aiokafka.consumer.group_coordinator:GroupCoordinator.__init__", "kafka/coordinator", "9e729f077efc"),
    contract("aiokafka.consumer.group_coordinator:GroupCoordinator._send_req", "kafka/coordinator", "fa4b12e914ce"),
    contract("aiokafka.consumer.group_coordinator:GroupCoordinator._do_heartbeat", "kafka/coordinator", "dc1d6632aaa6"),
    contract(
        "aiokafka.consumer.group_coordinator:GroupCoordinator._heartbeat_routine", "kafka/coordinator", "61d010289522"
    ),
    contract(
        "aiokafka.consumer.group_coordinator:GroupCoordinator._maybe_leave_group", "kafka/coordinator", "016cd88a16e6"
    ),
    contract(
        "aiokafka.consumer.group_coordinator:GroupCoordinator._on_join_prepare", "kafka/coordinator", "4d9524afc0ee"
    ),
    contract(
        "aiokafka.consumer.group_coordinator:GroupCoordinator._on_join_complete", "kafka/coordinator", "0b0b3d204b40"
    ),
    contract(
        "aiokafka.consumer.group_coordinator:GroupCoordinator._perform_assignment", "kafka/coordinator", "a5cf61fa9732"
    ),
    contract(
        "aiokafka.consumer.group_coordinator:GroupCoordinator._coordination_routine",
        "kafka/coordinator",
        "75273e127d4a",
    ),
    contract(
        "aiokafka.consumer.group_coordinator:GroupCoordinator._GroupCoordinator__coordination_routine",
        "kafka/coordinator",
        "f814463c6b44",
    ),
    contract(
        "aiokafka.consumer.group_coordinator:GroupCoordinator._push_error_to_user", "kafka/coordinator", "743ff515bd7e"
    ),
    contract("aiokafka.consumer.group_coordinator:GroupCoordinator.check_errors", "kafka/coordinator", "ba6ca51ad348"),
    contract("aiokafka.consumer.group_coordinator:GroupCoordinator.close", "kafka/coordinator", "f30d83108945"),
    contract(
        "aiokafka.consumer.group_coordinator:GroupCoordinator.coordinator_dead", "kafka/coordinator", "ba1eda0254af"
    ),
    contract(
        "aiokafka.consumer.group_coordinator:GroupCoordinator.ensure_coordinator_known",
        "kafka/coordinator",
        "4dfb9ccd877a",
    ),
    contract(
        "aiokafka.consumer.group_coordinator:GroupCoordinator.ensure_active_group", "kafka/coordinator", "33c84c1a9301"
    ),
    contract(
        "aiokafka.consumer.group_coordinator:GroupCoordinator.reset_generation", "kafka/coordinator", "537aa37c531b"
    ),
    contract(
        "aiokafka.consumer.group_coordinator:GroupCoordinator._stop_heartbeat_task", "kafka/coordinator", "b3022a920670"
    ),
    contract(
        "aiokafka.consumer.group_coordinator:GroupCoordinator._stop_commit_offsets_refresh_task",
        "kafka/coordinator",
        "c621b6c82850",
    ),
    contract("aiokafka.consumer.group_coordinator:CoordinatorGroupRebalance", "kafka/coordinator", "20ed95eaf623"),
    contract("aiokafka.consumer.subscription_state:SubscriptionState", "kafka/consumer", "387f8a497901"),
    contract("aiokafka.consumer.subscription_state:Assignment", "kafka/consumer", "ce6859542c70"),
    contract("aiokafka.consumer.subscription_state:TopicPartitionState", "kafka/consumer", "2b83334afadf"),
    contract("aiokafka.client:AIOKafkaClient.bootstrap", "kafka/consumer", "198943b004e5"),
    contract("aiokafka.client:AIOKafkaClient.send", "kafka/consumer", "246b277687d7"),
    contract("aiokafka.client:AIOKafkaClient._maybe_wait_metadata", "kafka/consumer", "a08917ffb0ba"),
    contract("aiokafka.client:AIOKafkaClient.get_random_node", "kafka/admin", "0e2daf38b78e"),
    contract("aiokafka.client:AIOKafkaClient.coordinator_lookup", "kafka/admin", "fc1dc7fc20a4", "19cc69fb75f8"),
    contract("aiokafka.protocol.api:Request", "kafka/requests", "1dc66f0574be"),
    # aiokafka 0.13.0 and 0.14.0: writing and transactions
    contract("aiokafka.producer.message_accumulator:BatchBuilder", "kafka/batches", "07bb4f95ff4c", "8050802ca751"),
    contract(
        "aiokafka.producer.message_accumulator:MessageBatch", "kafka/producer_client", "1eadc52826d3", "36a7b1dac89d"
    ),
    contract(
        "aiokafka.producer.message_accumulator:MessageAccumulator.__init__",
        "kafka/producer_client",
        "b3539016689a",
        "eb57f3c1d5c7",
    ),
    contract(
        "aiokafka.producer.message_accumulator:MessageAccumulator._append_batch",
        "kafka/producer_client",
        "70b1ca12be1b",
        "4762abfc42cb",
    ),
    contract(
        "aiokafka.producer.message_accumulator:MessageAccumulator._pop_batch", "kafka/producer_client", "41cc98a298ef"
    ),
    contract(
        "aiokafka.producer.message_accumulator:MessageAccumulator.drain_by_nodes",
        "kafka/producer_client",
        "91ffae85629c",
        "fc995afbfc57",
    ),
    contract(
        "aiokafka.producer.message_accumulator:MessageAccumulator.fail_all", "kafka/producer_client", "f1e12e8100bf"
    ),
    contract(
        "aiokafka.producer.message_accumulator:MessageAccumulator.flush_for_commit",
        "kafka/producer_client",
        "80435bb16a96",
        "39683730fcff",
    ),
    contract(
        "aiokafka.producer.message_accumulator:MessageAccumulator.reenqueue", "kafka/producer_client", "f75f518a1ae2"
    ),
    contract(
        "aiokafka.producer.producer:AIOKafkaProducer.__init__", "kafka/producer_client", "7de221def346", "fd6f2966fb3d"
    ),
    contract("aiokafka.producer.producer:AIOKafkaProducer.__del__", "kafka/producer_client", "785f6702b00b"),
    contract("aiokafka.producer.producer:AIOKafkaProducer.start", "kafka/producer_client", "bae900a5e83a"),
    contract("aiokafka.producer.producer:AIOKafkaProducer.stop", "kafka/producer_client", "43ef97147111"),
    contract("aiokafka.producer.producer:AIOKafkaProducer.begin_transaction", "kafka/producer_client", "f5128199fc27"),
    contract("aiokafka.producer.producer:AIOKafkaProducer.commit_transaction", "kafka/producer_client", "c7f9677c8941"),
    contract("aiokafka.producer.producer:AIOKafkaProducer.abort_transaction", "kafka/producer_client", "e93a2aba6d76"),
    contract(
        "aiokafka.producer.producer:AIOKafkaProducer.send_offsets_to_transaction",
        "kafka/producer_client",
        "4b58002b4496",
    ),
    contract("aiokafka.producer.sender:Sender", "kafka/sender", "f143bc18ee59", "46ef144176b7"),
    contract("aiokafka.producer.sender:BaseHandler", "kafka/handlers", "41fc76293ab9"),
    contract("aiokafka.producer.sender:TxnOffsetCommitHandler", "kafka/handlers", "7f296a144356"),
    contract("aiokafka.producer.sender:EndTxnHandler", "kafka/handlers", "47656efcfc99"),
    contract("aiokafka.producer.sender:SendProduceReqHandler", "kafka/handlers", "708c9da866ca"),
    contract("aiokafka.producer.transaction_manager:TransactionManager", "kafka/producer_client", "d0932794d69a"),
    contract("aiokafka.producer.transaction_manager:TransactionState", "kafka/producer_client", "9d89c858aac3"),
    contract("aiokafka.client:AIOKafkaClient.close", "kafka/producer_client", "02119d4d618a"),
    contract("aiokafka.client:AIOKafkaClient.ready", "kafka/producer_client", "79d9637f40fc"),
    contract("aiokafka.conn:AIOKafkaConnection.close", "kafka/producer_client", "28f164aa1e4f"),
]


def found(path: str) -> Any:
    """The thing a path names."""
    module, _, names = path.partition(":")
    thing = import_module(module)
    for name in names.split("."):
        thing = inspect.getattr_static(thing, name)
    return thing


def digest(path: str) -> str:
    """Of the source as it is written, comments included: a changed comment is worth a look, too."""
    thing = found(path)
    if isinstance(thing, property):
        thing = thing.fget
    thing = getattr(thing, "__func__", thing)  # of a static or class method
    return hashlib.sha256(inspect.getsource(thing).encode()).hexdigest()[:12]


@pytest.mark.parametrize("entry", CONTRACTS, ids=lambda entry: entry.path)
def test_what_we_build_on_is_as_we_know_it(entry: Contract) -> None:
    """The source of every overridden method and of every private part we use is one that was read."""
    now = digest(entry.path)
    library = entry.path.partition(":")[0].partition(".")[0]
    assert now in entry.digests, (
        f"{entry.path} has changed in {library} {version(DISTRIBUTIONS.get(library, library))}: {entry.used_by} builds "
        f"on it. Read it, adapt what is built on it, then add {now!r}"
    )


def test_a_change_would_be_noticed() -> None:
    """A digest depends on the source, and an entry for something that is gone fails."""
    assert len({digest(entry.path) for entry in CONTRACTS}) > len(CONTRACTS) // 2
    with pytest.raises(AttributeError):
        digest("aiokafka.consumer.fetcher:Fetcher._no_such_method")
