// Advisory documents for tests: an importer run over texts, databases built in scratch folders, archives made by hand.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { crc32, deflateRawSync } from "node:zlib";
import type { AdvisoryRecord } from "../../src/core/vuln/advisory.ts";
import type { EpssScore, ExploitedEntry, PlainFacts } from "../../src/core/vuln/shard/facts-codec.ts";
import {
  buildDatabase,
  type BuildOptions,
  type BuildResult,
} from "../../src/edge/advisories/assemble/build-database.ts";
import type { Importer } from "../../src/edge/advisories/importers/importer.ts";
import { importers } from "../../src/edge/advisories/importers/list.ts";

export const testNowMs = Date.parse("2026-11-26T06:00:00Z");

/** The data of others that tests may read; absent on most machines. */
export const sharedAdvisories = path.resolve(import.meta.dirname, "../..", "../shared/data/advisories");

export interface Imported {
  readonly importer: string;
  readonly records: AdvisoryRecord[];
  readonly facts: Map<string, PlainFacts>;
  readonly epss: Map<string, EpssScore>;
  readonly exploited: Map<string, ExploitedEntry>;
  readonly refused: string[];
  readonly leftOut: string[];
  readonly dated: Map<string, string>;
  readonly overridden: string[];
}

/** Recognises the text as a build does and imports it. */
export async function importText(text: string, name = "sample.json"): Promise<Imported> {
  const importer: Importer | undefined = importers.find((one) =>
    one.recognises({ name, text: text.slice(0, 1 << 16) }),
  );
  const got: Imported = {
    importer: importer?.name ?? "",
    records: [],
    facts: new Map(),
    epss: new Map(),
    exploited: new Map(),
    refused: [],
    leftOut: [],
    dated: new Map(),
    overridden: [],
  };
  async function* bytes(): AsyncGenerator<Uint8Array> {
    // In small pieces: where they are cut must not matter.
    const whole = Buffer.from(text);
    for (let at = 0; at < whole.length; at += 997) yield whole.subarray(at, at + 997);
  }
  await importer?.read(
    { name, fileAt: "", bytes: bytes() },
    {
      nowMs: testNowMs,
      record: (record) => got.records.push(record),
      facts: (facts) => void (got.facts.has(facts.id) || got.facts.set(facts.id, facts)),
      exploited: (_feed, id, entry) => got.exploited.set(id, entry),
      epss: (_feed, id, score) => got.epss.set(id, score),
      overridden: (_feed, id) => got.overridden.push(id),
      dated: (feed, at) => got.dated.set(feed, at > (got.dated.get(feed) ?? "") ? at : (got.dated.get(feed) ?? "")),
      refused: (_feed, which, why) => got.refused.push(`${which}: ${why}`),
      leftOut: (_feed, why) => got.leftOut.push(why),
    },
    new AbortController().signal,
  );
  return got;
}

/** A record in few words: "CVE-1 Debian:12 glibc [0,2.36-9) affected". */
export function words(record: AdvisoryRecord): string {
  const ranges = record.ranges.map(({ introduced, fixed, lastAffected }) =>
    lastAffected === "" ? `[${introduced},${fixed})` : `[${introduced},${lastAffected}]`,
  );
  const rest = [record.module, record.pocket, record.cpeTarget].filter((word) => word !== "");
  return [
    record.id,
    record.ecosystem,
    record.name,
    ...ranges,
    ...record.versions.map((one) => `=${one}`),
    record.status,
    ...rest,
  ].join(" ");
}

/** A folder that goes away with the test. */
export function scratch(context: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "garrison-advisories-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

export async function build(folder: string, into: string, more: Partial<BuildOptions> = {}): Promise<BuildResult> {
  return buildDatabase({ sources: [{ path: folder }], into, nowMs: testNowMs, ...more });
}

/** OSV lines of made-up advisories: `count` packages of an ecosystem. */
export function osvLines(ecosystem: string, count: number, change: Readonly<Record<string, unknown>> = {}): string {
  const line = (index: number): string =>
    JSON.stringify({
      id: `TEST-${ecosystem.replaceAll(/\W/g, "")}-${index}`,
      modified: "2026-11-01T00:00:00Z",
      aliases: [`CVE-2026-${1000 + index}`],
      summary: `Flaw ${index}`,
      affected: [
        {
          package: { ecosystem, name: `package-${index}` },
          ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "1.0" }] }],
        },
      ],
      ...change,
    });
  return Array.from({ length: count }, (_, index) => `${line(index)}\n`).join("");
}

/** A tar of files (name -> content), ustar. */
export function tarOf(files: readonly (readonly [string, string | Uint8Array])[]): Buffer {
  const pieces: Buffer[] = [];
  for (const [name, content] of files) {
    const bytes = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(name, 0, 100);
    header.write("0000644\u00000000000\u00000000000\u0000", 100);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\u000000000000000\u0000        0`, 124);
    header.write("ustar\u000000", 257);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0")}\u0000 `,
      148,
    );
    pieces.push(header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  return Buffer.concat([...pieces, Buffer.alloc(1024)]);
}

/** A zip of deflated files. */
export function zipOf(files: Readonly<Record<string, string>>): Buffer {
  const [local, central]: [Buffer[], Buffer[]] = [[], []];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const [bytes, packed] = [Buffer.from(content), deflateRawSync(content)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const head = Buffer.concat([Buffer.from("PK\u0003\u0004"), common, Buffer.from(name)]);
    const entry = Buffer.alloc(46 + name.length);
    entry.write("PK\u0001\u0002", 0);
    common.copy(entry, 6, 0, 24);
    entry.writeUInt32LE(at, 42);
    entry.write(name, 46);
    local.push(head, packed);
    central.push(entry);
    at += head.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", 0);
  end.writeUInt16LE(central.length, 8);
  end.writeUInt16LE(central.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...local, directory, end]);
}
