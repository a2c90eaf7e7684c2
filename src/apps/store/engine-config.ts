// The engine's own configuration: memory, threads and caches of a small machine, and a user that was never given an outward source.
// This is the second wall behind sql-guard.ts: url, remote, s3, mysql and the like fail with ACCESS_DENIED even if the text gets through.
import { writeFileSync } from "node:fs";
import type { StoreConfig, StorePaths } from "./config.ts";

const mebibyte = 1024 * 1024;

/** Writes both files (0600) into the run folder. Names are those of the engine's server settings and users configuration. */
export function writeEngineConfig(config: StoreConfig, paths: StorePaths): void {
  const server = {
    max_server_memory_usage: config.memoryBytesMax,
    max_server_memory_usage_to_ram_ratio: 0,
    mark_cache_size: 32 * mebibyte,
    index_mark_cache_size: 4 * mebibyte,
    uncompressed_cache_size: 0,
    index_uncompressed_cache_size: 0,
    mmap_cache_size: 64,
    compiled_expression_cache_size: 8 * mebibyte,
    query_condition_cache_size: 4 * mebibyte,
    background_pool_size: 2,
    background_merges_mutations_concurrency_ratio: 1,
    background_schedule_pool_size: 2,
    background_common_pool_size: 2,
    background_fetches_pool_size: 1,
    background_move_pool_size: 1,
    background_message_broker_schedule_pool_size: 1,
    background_distributed_schedule_pool_size: 1,
    background_buffer_flush_schedule_pool_size: 1,
    max_concurrent_queries: 32,
    max_io_thread_pool_size: 8,
    max_thread_pool_size: 256,
    users_config: paths.engineUsers,
  };
  const mergeTree = {
    // Small parts stay in one file each: fewer fsyncs and less memory per insert.
    min_bytes_for_wide_part: 32 * mebibyte,
    number_of_free_entries_in_pool_to_lower_max_size_of_merge: 1,
    number_of_free_entries_in_pool_to_execute_mutation: 1,
    number_of_free_entries_in_pool_to_execute_optimize_entire_partition: 1,
    max_bytes_to_merge_at_max_space_in_pool: 2048 * mebibyte,
    merge_max_block_size: 4096,
    min_free_disk_bytes_to_perform_insert: config.freeDiskBytesMin,
    // A part that does not read after a power cut is set aside and counted, instead of keeping the table closed.
    max_suspicious_broken_parts: 1000,
  };
  const xml = `<clickhouse>${elements(server)}<merge_tree>${elements(mergeTree)}</merge_tree></clickhouse>\n`;
  writeFileSync(paths.engineConfig, xml, { mode: 0o600 });
  writeFileSync(paths.engineUsers, usersXml, { mode: 0o600 });
}

const grants = [
  "GRANT SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE, SHOW, CHECK, KILL QUERY ON *.*",
  "GRANT SYSTEM ON *.*",
  "GRANT TABLE ENGINE ON *",
  "GRANT FILE ON *.*",
];

const usersXml =
  "<clickhouse><profiles><default></default></profiles><quotas><default></default></quotas><users><default>" +
  "<password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>" +
  `<grants>${grants.map((grant) => `<query>${grant}</query>`).join("")}</grants>` +
  "</default></users></clickhouse>\n";

function elements(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`)
    .join("");
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
