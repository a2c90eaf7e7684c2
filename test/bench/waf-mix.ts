// The request mix of the WAF benches: six classes, made from a seed, every pass with fresh values. Attacks are positive tests of the rule set's own suite.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import {
  diceOf,
  mixKinds,
  requestOf,
  type Dice,
  type MixRequest,
} from "../../src/apps/cli/commands/waf/request-mix.ts";
import { buildRequest } from "../../src/core/waf/ftw/build-request.ts";
import { readTestFile } from "../../src/core/waf/ftw/test-file.ts";
import { readRequest } from "../../src/core/waf/http/read-request.ts";
import { refusalOf } from "../../src/core/waf/http/refusal.ts";

export const mixClasses = [...mixKinds, "attack"] as const;
export type MixClass = (typeof mixClasses)[number];

/** Share of requests of each class in the weighted figure, and how many of each a pass holds: 1,450 together. */
export const mixShares: Readonly<Record<MixClass, number>> = {
  east: 0.35,
  get: 0.3,
  json: 0.2,
  form: 0.1,
  upload: 0.01,
  attack: 0.04,
};
export const mixCounts: Readonly<Record<MixClass, number>> = {
  east: 200,
  get: 200,
  json: 200,
  form: 200,
  upload: 50,
  attack: 600,
};

export type Mix = Readonly<Record<MixClass, readonly MixRequest[]>>;

/** Requests of one pass. Values differ from pass to pass; shapes do not. */
export function mixOf(pass: number, attacks: readonly MixRequest[]): Mix {
  const dice = diceOf(0x5eed + pass * 7919);
  const many = (kind: (typeof mixKinds)[number]): readonly MixRequest[] =>
    Array.from({ length: mixCounts[kind] }, () => requestOf(kind, dice));
  return {
    east: many("east"),
    get: many("get"),
    json: many("json"),
    form: many("form"),
    upload: many("upload"),
    attack: drawn(attacks, mixCounts.attack, dice),
  };
}

/** Evenly over the suite: one of each run of neighbours, which one is chance. */
function drawn(all: readonly MixRequest[], count: number, dice: Dice): readonly MixRequest[] {
  const step = all.length / count;
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor(index * step);
    const width = Math.max(1, Math.floor((index + 1) * step) - from);
    const one = all[from + dice(width)];
    if (one === undefined) throw new Error("there are fewer attack tests than a pass needs");
    return one;
  });
}

/** Positive tests of files 930 to 934 and 941 to 944 that a front end lets through. */
export function attackRequests(testsFolder: string): readonly MixRequest[] {
  const files = readdirSync(testsFolder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".yaml"),
  );
  return files.toSorted().flatMap((file) => {
    if (!/9(3[0-4]|4[1-4])\d{3}\.yaml$/.test(file)) return [];
    const document: unknown = parse(readFileSync(path.join(testsFolder, file), "utf8"), { schema: "failsafe" });
    return readTestFile(document, file).tests.flatMap(({ id, stages }) =>
      stages.flatMap(({ input, output }, index) => {
        if ((output.log?.expect_ids ?? []).length === 0) return [];
        const request = readRequest(buildRequest(input, input.uri ?? "/").bytes);
        if (refusalOf(request) !== undefined) return [];
        const { method, target, protocol, headers, body } = request;
        return [{ name: `${id}.${index + 1}`, method, target, protocol, headers, body: Buffer.from(body, "latin1") }];
      }),
    );
  });
}
