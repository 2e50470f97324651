"""How RocksDB is set up for our stores. Knows nothing of what they hold."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, WriteBufferManager

from streamapp.state.memory_budget import MIB, WRITE_BUFFERS, Budget

_BLOOM_BITS = 10
"""Per key: 1 % of the keys that are not there are looked for on disk."""

_WAL_BYTES = 64 * MIB
"""Of log to replay at most when a database is opened after a crash."""

_NO_SETTER = """[Version]
  rocksdb_version=9.8.4
  options_file_version=1.1
[DBOptions]
  track_and_verify_wals_in_manifest=true
[CFOptions "default"]
[TableOptions/BlockBasedTable "default"]
"""
"""Options without a setter, in RocksDB's own form: a log that is missing is an error, not a gap."""


def database_options(budget: Budget) -> Options:
    """Of a database and its column families: bytes to bytes, within the budget, made where there is none."""
    cache, buffers = budget.parts()
    options = _without_setters()
    options.create_if_missing(True)
    options.set_block_based_table_factory(_blocks(cache))
    options.set_compression_type(DBCompressionType.lz4())
    _set_memory(options, budget, buffers)
    options.set_atomic_flush(True)  # whatever is lost of the log, all stores go back to the same commit
    options.set_paranoid_checks(True)
    _set_files(options)
    return options


def _without_setters() -> Options:
    with TemporaryDirectory() as folder:
        Path(folder, "OPTIONS-000001").write_text(_NO_SETTER, encoding="ascii")
        Path(folder, "rocksdict-config.json").write_text(
            '{"raw_mode": true, "prefix_extractors": {}}', encoding="ascii"
        )
        options, _ = Options.load_latest(folder)
    return options


def _blocks(cache: Cache) -> BlockBasedOptions:
    blocks = BlockBasedOptions()
    blocks.set_block_cache(cache)
    blocks.set_bloom_filter(_BLOOM_BITS, False)
    blocks.set_cache_index_and_filter_blocks(False)
    return blocks


def _set_memory(options: Options, budget: Budget, buffers: WriteBufferManager) -> None:
    options.set_write_buffer_manager(buffers)
    options.set_write_buffer_size(budget.memtable_bytes)
    options.set_max_write_buffer_number(WRITE_BUFFERS)
    options.set_arena_block_size(64 * 1024)  # an eighth of the memtable otherwise, for each store that has one row


def _set_files(options: Options) -> None:
    """Small logs: there is a database for each task."""
    options.set_max_total_wal_size(_WAL_BYTES)
    options.set_manifest_preallocation_size(64 * 1024)
    options.set_keep_log_file_num(2)
    options.set_max_log_file_size(MIB)
    options.set_stats_dump_period_sec(0)
