// Named limits of the agents' door and of the server's spool, beside those that both sides know (model/agent-protocol.ts).

import { groupBlocksMax } from "../../../edge/store/telemetry-store.ts";

const mebibyte = 1024 * 1024;

export const doorLimits = {
  /** The `garrison-block` header's JSON. */
  blockHeaderCharactersMax: 2048,
  /** Bodies of join and renew. */
  smallBodyBytesMax: 64 * 1024,
  reportBytesMax: 4 * mebibyte,
  /** Blocks that inflate to no more than this pass whatever their ratio: few rows compress without bound. */
  inflateRatioFreeBytes: 4 * mebibyte,
  /** How much larger than its content a compressed body may be. */
  compressionOverheadBytesMax: 64 * 1024,
  /** Bodies and inflated bytes in memory at one time, all agents together; beyond it 429. */
  bytesInMemoryMax: 384 * mebibyte,
  /** Rows of `gaps` may be older than other rows: they say since when nobody was looking. */
  gapPastMsMax: 90 * 24 * 3600 * 1000,
  bodyMsMax: 30_000,
  sessionsMax: 20_000,
  /** Sessions without a client certificate; they may only join. */
  sessionsAnonymousMax: 64,
  anonymousMsMax: 15_000,
  streamsPerSession: 64,
  headerListBytesMax: 16 * 1024,
  /** A control stream whose reader is slower than this many bytes is cut; the agent asks again. */
  controlBufferBytesMax: 8 * mebibyte,
  /** How long the older of two sessions of one agent has to answer a ping before it counts as gone. */
  challengeMs: 2_000,
  noticesMax: 100,
} as const;

export const joinLimits = {
  perAddressPerMinute: 10,
  totalPerMinute: 60,
  addressesMax: 10_000,
  /** After a restart of the server: an agent seen this recently still counts as live. */
  liveMs: 30_000,
} as const;

export const spoolLimits = {
  bytesMax: 2048 * mebibyte,
  blocksMax: 50_000,
  diskFreeBytesMin: 256 * mebibyte,
  /** Blocks that share one round of fsync. */
  roundBlocksMax: 256,
  quarantineBytesMax: 256 * mebibyte,
  quarantineBlocksMax: 1_000,
} as const;

export const sequenceLimits = {
  /** Boots remembered per agent; the least recently used goes. An agent offers a block again for minutes, not for so many boots. */
  bootsPerAgentMax: 64,
  /** Runs of sequences remembered per boot; beyond it the oldest holes are closed to newcomers. */
  runsPerBootMax: 512,
  /** Lines of the log before it is written anew. */
  logLinesMax: 50_000,
} as const;

export const inserterLimits = {
  concurrency: 2,
  /** A lane with so many rows goes at once. */
  groupRowsWanted: 50_000,
  /** What one insert takes at most: of a backlog, larger groups cost less per row; the engine's memory sets the end. */
  groupRowsMax: 150_000,
  groupBytesInflatedMax: 256 * mebibyte,
  /** For blocks of an earlier run, whose size was not written down: rows are so many times their packed bytes. */
  inflateRatioGuessed: 20,
  groupBlocksMax,
  /** Attempts at an insert that the store refuses without saying that a block is bad, while others succeed. */
  attemptsMax: 8,
  /** As often a group for which the store has no room is tried whole. */
  limitedMax: 4,
  /** As often the store may end in the middle of a group before its blocks go one by one; then as often in the middle of one block. */
  brokenOffMax: 3,
  brokenOffSingleMax: 5,
  retryMsMin: 200,
  retryMsMax: 5_000,
} as const;

export const windowLimits = {
  bytesMin: 1 * mebibyte,
  /** Node's HTTP/2 client keeps what is in flight in a session memory of 10 MB unless told otherwise, and fails beyond it. */
  bytesMax: 8 * mebibyte,
} as const;
