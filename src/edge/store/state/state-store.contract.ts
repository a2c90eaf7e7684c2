// The state store's promises as one suite: the same cases run on SQLite and on a real PostgreSQL.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { z } from "zod";
import { manualClock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import { EnforcementStatus } from "../../../model/enforcement-status.ts";
import type { ResourceKind } from "../../../model/resource-kinds.ts";
import { SoftwarePackage } from "../../../model/software-package.ts";
import type { Resource, ResourceManifest } from "../../../model/resource.ts";
import { openStateStore } from "./open.ts";

const startMs = Date.parse("2026-11-23T00:00:00Z");
export const sampleKinds: Readonly<Record<string, ResourceKind>> = {
  Sample: {
    spec: z.strictObject({ http: z.boolean().default(false), ports: z.array(z.int()).default([]) }),
    distribution: "agents",
    role: "operator",
    summary: "For tests",
  },
  One: { spec: z.strictObject({}), distribution: "server", role: "admin", summary: "For tests", isSingleton: true },
  Inner: { spec: z.strictObject({}), distribution: "server", role: "admin", summary: "For tests" },
};

function hashed(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function sample(name: string, spec: Record<string, unknown>, scope = "global"): ResourceManifest {
  return { apiVersion: "garrison/v1", kind: "Sample", scope, name, spec };
}

function refusedWith(code: string, where?: string) {
  return (thrown: unknown) =>
    thrown instanceof Fault && thrown.code === code && (where === undefined || thrown.where === where);
}

type Case = (store: StateStore, clock: ReturnType<typeof manualClock>, url: string) => Promise<void>;

const options = { author: "ann", dryRun: false };

const cases: Readonly<Record<string, Case>> = {
  "migrating twice is migrating once, and a newer schema is refused": async (store, clock, url) => {
    await store.settings.set("a", "1");
    await store.migrate();
    await store.settings.set("a", "2");
    assert.equal(await store.settings.get("a"), "2");
    assert.equal(await store.settings.get("b"), undefined);
    await store.ping();
    // SQLite's file has one server, PostgreSQL may have several.
    if (store.kind === "sqlite") return;
    await using other = openStateStore({ url, clock, kinds: sampleKinds });
    await Promise.all([other.migrate(), store.migrate()]);
    assert.equal(await other.settings.get("a"), "2");
  },

  "a join token gives exactly its uses, however many ask at once": async (store, clock) => {
    const { joinTokens } = store;
    const secretSha256 = hashed("join");
    const made = await joinTokens.create({
      cluster: "c",
      secretSha256,
      expiresAtMs: startMs + 3_600_000,
      uses: 3,
      author: "ann",
    });
    assert.deepEqual(await joinTokens.list(clock.nowMs()), [made]);
    assert.deepEqual(await joinTokens.find(secretSha256, startMs), made);
    assert.deepEqual(await joinTokens.find(secretSha256, startMs), made, "looking takes no use");
    const answers = await Promise.all(Array.from({ length: 20 }, () => joinTokens.redeem(secretSha256, startMs)));
    const taken = answers.filter((answer) => answer !== undefined);
    assert.deepEqual(
      taken.map((token) => token.usesLeft).sort((a, b) => a - b),
      [0, 1, 2],
    );
    assert.equal(await joinTokens.find(secretSha256, startMs), undefined, "used up");
    assert.equal(await joinTokens.redeem(hashed("other"), startMs), undefined);
    assert.equal(await joinTokens.find(hashed("other"), startMs), undefined);
    assert.deepEqual(await joinTokens.list(startMs), []);
    const late = { cluster: "c", secretSha256: hashed("late"), expiresAtMs: startMs + 1000, uses: 1, author: "ann" };
    const { id } = await joinTokens.create(late);
    assert.equal(await joinTokens.redeem(late.secretSha256, startMs + 1000), undefined, "expired");
    assert.equal(await joinTokens.find(late.secretSha256, startMs + 1000), undefined, "expired");
    assert.equal((await joinTokens.find(late.secretSha256, startMs + 999))?.id, id);
    assert.equal(await joinTokens.remove(id), true);
    assert.equal(await joinTokens.remove(id), false);
  },

  "a one-time token is found once, other tokens until they expire": async ({ tokens }, clock) => {
    const base = { name: "t", user: "ann", role: "viewer" as const, createdAtMs: startMs };
    const oneTime = { ...base, use: "one-time" as const, expiresAtMs: startMs + 300_000, secretSha256: hashed("o") };
    await tokens.create(oneTime);
    const found = await Promise.all(Array.from({ length: 10 }, () => tokens.find(oneTime.secretSha256, startMs + 1)));
    assert.equal(found.filter((token) => token !== undefined).length, 1);
    const api = await tokens.create({ ...base, use: "api", expiresAtMs: undefined, secretSha256: hashed("a") });
    clock.advance(90_000);
    assert.equal((await tokens.find(hashed("a"), clock.nowMs()))?.id, api.id);
    assert.equal((await tokens.list("api", clock.nowMs()))[0]?.lastUsedAtMs, clock.nowMs());
    await tokens.create({ ...base, use: "session", expiresAtMs: startMs + 100_000, secretSha256: hashed("s") });
    assert.equal((await tokens.find(hashed("s"), startMs + 99_999))?.user, "ann");
    assert.equal(await tokens.find(hashed("s"), startMs + 100_000), undefined, "expired");
    assert.equal(await tokens.remove(api.id), true);
    assert.equal(await tokens.find(hashed("a"), clock.nowMs()), undefined);
  },

  "generations rise by one, history is kept, deletion and restore are generations": async ({ resources }, clock) => {
    const seen: Resource[] = [];
    const stop = resources.onChange((resource) => seen.push(resource));
    const created = await resources.apply(sample("a", {}), options);
    assert.equal(created.outcome, "created");
    assert.deepEqual(created.resource.spec, { http: false, ports: [] }, "defaults are filled in");
    assert.equal((await resources.apply(sample("a", { http: false }), options)).outcome, "unchanged");
    const tried = await resources.apply(sample("a", { http: true }), { ...options, dryRun: true });
    assert.deepEqual(tried.changes, [{ path: "spec.http", before: false, after: true }]);
    assert.equal((await resources.get(created.resource))?.generation, 1, "a dry run changes nothing");
    clock.advance(1000);
    const changed = await resources.apply(sample("a", { http: true, ports: [80] }), { ...options, author: "bob" });
    assert.equal(changed.resource.generation, 2);
    assert.equal(changed.resource.time, "2026-11-23T00:00:01.000Z");
    const key = { kind: "Sample", scope: "global", name: "a" };
    assert.equal((await resources.remove(key, "eve"))?.generation, 3);
    assert.equal(await resources.remove(key, "eve"), undefined);
    assert.equal(await resources.get(key), undefined);
    assert.deepEqual(await resources.list("Sample"), []);
    const restored = await resources.restore(key, 2, "ann");
    assert.equal(restored.outcome, "created");
    assert.deepEqual(restored.resource.spec, { http: true, ports: [80] });
    await assert.rejects(resources.restore(key, 3, "ann"), refusedWith("state/no-such-generation"));
    await assert.rejects(resources.restore(key, 9, "ann"), refusedWith("state/no-such-generation"));
    const history = await resources.history(key);
    assert.deepEqual(
      history.map(({ generation, author, deleted }) => [generation, author, deleted]),
      [
        [4, "ann", false],
        [3, "eve", true],
        [2, "bob", false],
        [1, "ann", false],
      ],
    );
    assert.equal((await resources.get(key, 1))?.spec["http"], false);
    stop();
    await resources.remove(key, "eve");
    assert.deepEqual(
      seen.map(({ generation }) => generation),
      [1, 2, 3, 4],
    );
  },

  "of racing writers with one expected generation exactly one wins": async ({ resources, kind }, clock, url) => {
    await using other = kind === "sqlite" ? undefined : openStateStore({ url, clock, kinds: sampleKinds });
    const writer = (index: number) => (index % 2 === 1 ? other?.resources : undefined) ?? resources;
    const creations = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        writer(index).apply(sample("race", { ports: [index] }), { ...options, ifGeneration: 0 }),
      ),
    );
    assert.equal(creations.filter(({ status }) => status === "fulfilled").length, 1);
    for (const result of creations) {
      if (result.status === "rejected")
        assert.ok(refusedWith("state/generation-conflict")(result.reason), String(result.reason));
    }
    const blind = await Promise.all(
      Array.from({ length: 10 }, (_, index) => writer(index).apply(sample("race", { ports: [100 + index] }), options)),
    );
    const generations = blind.map((outcome) => outcome.resource.generation).sort((a, b) => a - b);
    assert.deepEqual(generations, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  },

  "what counts no more is found again, the newest first: older generations and what was deleted": async ({
    resources,
  }) => {
    for (const ports of [[1], [2], [3]]) await resources.apply(sample("kept", { ports }), options);
    await resources.apply(sample("gone", { ports: [7] }), options);
    await resources.remove({ kind: "Sample", scope: "global", name: "gone" }, "somebody");
    const past = await resources.past("Sample", 10);
    assert.deepEqual(past.map(({ name, generation }) => `${name} ${generation}`).sort(), [
      "gone 1",
      "kept 1",
      "kept 2",
    ]);
    assert.equal((await resources.past("Sample", 2)).length, 2);
    assert.deepEqual(await resources.past("Inner", 10), []);
  },

  "a bad manifest is refused with its place and the nearest known word": async ({ resources }) => {
    const cases = [
      [sample("a", { htp: true }), "resource/invalid", "spec.htp", /did you mean "http"/],
      [sample("a", { http: "yes" }), "resource/invalid", "spec.http", undefined],
      [sample("a", { ports: [1, "x"] }), "resource/invalid", "spec.ports[1]", undefined],
      [sample("A!", {}), "resource/invalid", "name", undefined],
      [sample("a", {}, "nowhere"), "resource/invalid", "scope", undefined],
      [{ ...sample("a", {}), kind: "Sampel" }, "resource/unknown-kind", "kind", /did you mean Sample/],
      [{ ...sample("a", {}), kind: "__proto__" }, "resource/unknown-kind", "kind", undefined],
      [{ ...sample("a", {}), kind: "One" }, "resource/singleton", "name", undefined],
      [{ ...sample("default", {}, "node/c/n"), kind: "One" }, "resource/singleton", "scope", undefined],
      [sample("a", { http: true, ["x".repeat(300_000)]: 1 }), "resource/too-large", "spec", undefined],
    ] as const;
    for (const [manifest, code, where, hint] of cases) {
      await assert.rejects(resources.apply(manifest, options), (thrown: Fault) => {
        assert.equal(thrown.code, code);
        assert.equal(thrown.where, where);
        if (hint !== undefined) assert.match(thrown.hint ?? "", hint);
        return true;
      });
    }
    assert.deepEqual(await resources.list("Sample"), []);
  },

  "an agent gets its scopes and agents' kinds; what it says replaces what it said": async ({ resources }) => {
    const scopes = ["global", "cluster/c", "node/c/n", "cluster/other", "node/c/m"];
    for (const scope of scopes) await resources.apply(sample("a", {}, scope), options);
    await resources.apply({ ...sample("a", {}), kind: "Inner" }, options);
    const got = await resources.forAgent("c", "n");
    assert.deepEqual(got.map(({ scope }) => scope).sort(), ["cluster/c", "global", "node/c/n"]);
    const key = { kind: "Sample", scope: "global", name: "a" };
    const status = { ...key, generation: 1, state: "applied" as const, because: "" };
    await resources.recordStatus("c", "n", [status, { ...status, scope: "cluster/c" }]);
    await resources.recordStatus("c", "m", [{ ...status, state: "refused", because: "no BPF" }]);
    assert.deepEqual(await resources.statusOf(key), [
      { ...status, cluster: "c", node: "m", state: "refused", because: "no BPF" },
      { ...status, cluster: "c", node: "n" },
    ]);
    const all = await resources.statusesIn("Sample", "c");
    assert.deepEqual(
      all.map(({ scope, node }) => [scope, node]),
      [
        ["cluster/c", "n"],
        ["global", "m"],
        ["global", "n"],
      ],
    );
    assert.deepEqual(await resources.statusesIn("Sample", "other"), []);
    const enforcement = EnforcementStatus.parse({ state: "refused", digest: "d1", problems: ["p"] });
    await resources.recordStatus("c", "n", [{ ...status, enforcement }]);
    const kept = (await resources.statusOf(key)).map((one) => one.enforcement);
    assert.deepEqual(kept, [undefined, enforcement]);
    await resources.recordStatus("c", "n", []);
    assert.equal((await resources.statusOf(key)).length, 1);
  },

  "agents: certificates, revocation, reports": async ({ agents }, clock) => {
    await agents.issued({ cluster: "c", node: "n", serial: "01", expiresAtMs: startMs + 1000 });
    await agents.issued({ cluster: "c", node: "n", serial: "02", expiresAtMs: startMs + 2000 });
    assert.equal(await agents.isRevoked("01"), false);
    assert.equal(await agents.isRevoked("ff"), true, "a serial that was never given out");
    await agents.seen("c", "n", undefined, startMs + 5);
    assert.deepEqual(await agents.get("c", "n"), {
      cluster: "c",
      node: "n",
      serial: "02",
      expiresAtMs: startMs + 2000,
      revoked: false,
      lastSeenAtMs: startMs + 5,
      report: undefined,
    });
    assert.equal(await agents.revoke("c", "n"), true);
    assert.equal(await agents.revoke("c", "x"), false);
    assert.equal(await agents.isRevoked("01"), true);
    assert.equal(await agents.isRevoked("02"), true);
    clock.advance(5000);
    await agents.issued({ cluster: "c", node: "n", serial: "03", expiresAtMs: startMs + 9000 });
    assert.equal((await agents.list())[0]?.revoked, false, "joined again");
  },

  "images keep their subjects, equal subjects are one, results follow the newest database": async ({ images }) => {
    const subject = (name: string) => ({
      key: name,
      subject: {
        package: SoftwarePackage.parse({ type: "deb", name, cataloger: "deb/dpkg" }),
        operatingSystem: undefined,
      },
    });
    const [one, two, again] = await images.subjectIds([subject("a"), subject("b"), subject("a")]);
    assert.equal(one, again);
    assert.notEqual(one, two);
    const record = {
      references: Array.from({ length: 60 }, (_, index) => `r${index}`),
      otherDigests: [],
      source: "archive",
      operatingSystem: "debian 12",
      layers: 1,
      diffIds: ["d"],
      sizeBytes: 5_000_000_000,
      secrets: undefined,
      gaps: 0,
      createdAt: "",
      analysedAtMs: startMs,
      author: "ann",
      trust: "layers" as const,
    };
    await images.put({ ...record, digest: "x", subjects: Int32Array.from([one ?? 0]) }, new Uint8Array([1, 2, 255]));
    await images.put(
      { ...record, digest: "x", subjects: Int32Array.from([one ?? 0, two ?? 0]) },
      new Uint8Array([0, 255]),
    );
    const [kept, ...others] = await images.list();
    assert.equal(others.length, 0);
    assert.deepEqual(kept && { ...kept, subjects: [...kept.subjects] }, {
      ...record,
      references: record.references.slice(0, 50),
      digest: "x",
      subjects: [one, two],
    });
    assert.deepEqual([...((await images.analysis("x")) ?? [])], [0, 255]);
    assert.equal(await images.analysis("y"), undefined);
    for (const database of ["old", "new"]) await images.putResults([{ id: one ?? 0, database, result: "[]" }]);
    assert.deepEqual(await images.results([one ?? 0, two ?? 0]), [{ id: one, database: "new", result: "[]" }]);
    assert.deepEqual(
      (await images.subjects(one ?? 0, 10)).map(({ id, package: { name } }) => [id, name]),
      [[two, "b"]],
    );
    assert.equal(await images.sweepSubjects(new Set([two ?? 0])), 1);
    assert.deepEqual(await images.results([one ?? 0]), []);
    assert.deepEqual([await images.remove("x"), await images.remove("x")], [true, false]);
  },

  "sinks keep a position and a bounded number of dead letters": async ({ sinks }) => {
    assert.equal(await sinks.position("global/a"), undefined);
    for (const position of ["1", "2"]) await sinks.setPosition("global/a", position);
    assert.equal(await sinks.position("global/a"), "2");
    const letter = (event: string) => ({ timeMs: startMs, event, because: "x".repeat(2000), attempts: 3 });
    assert.equal(await sinks.addDeadLetters("global/b", [letter("other")], 10), 0);
    assert.equal(await sinks.addDeadLetters("global/a", ["1", "2", "3"].map(letter), 2), 1);
    const kept = await sinks.deadLetters("global/a", { afterId: 0, limit: 10 });
    assert.deepEqual(
      kept.map(({ sink, event, because, attempts, timeMs }) => [sink, event, because.length, attempts, timeMs]),
      ["2", "3"].map((event) => ["global/a", event, 1000, 3, startMs]),
    );
    const [first] = kept;
    await sinks.failedAgain(first?.id ?? 0, "again");
    const [again, ...rest] = await sinks.deadLetters("global/a", { afterId: 0, limit: 1 });
    assert.deepEqual([again?.because, again?.attempts, rest.length], ["again", 4, 0]);
    assert.equal((await sinks.deadLetters("global/a", { afterId: first?.id ?? 0, limit: 10 })).length, 1);
    assert.equal(await sinks.removeDeadLetters("global/b", [first?.id ?? 0]), 0, "another's letter stays");
    assert.equal(await sinks.removeDeadLetters("global/a", [first?.id ?? 0]), 1);
    assert.equal(await sinks.countDeadLetters("global/a"), 1);
    assert.equal(await sinks.addDeadLetters("global/a", [letter("none is kept")], 0), 2);
    assert.deepEqual((await sinks.sinks()).toSorted(), ["global/a", "global/b"]);
    await sinks.forgetPosition("global/a");
    assert.equal(await sinks.position("global/a"), undefined);
    await sinks.forget("global/b");
    assert.deepEqual(await sinks.sinks(), []);
  },

  "the ledger is newest first and pages by id": async ({ ledger }) => {
    const entry = { timeMs: startMs, user: "ann", action: "x", outcome: "done" as const };
    for (const target of ["a", "b", "c"]) await ledger.write({ ...entry, target, detail: { target } });
    await ledger.write({ ...entry, target: "big", detail: { text: "x".repeat(20_000) } });
    const [big, c, b] = await ledger.list(3);
    assert.match(String(big?.detail["omitted"]), /larger than/);
    assert.deepEqual([c?.target, b?.target], ["c", "b"]);
    assert.deepEqual(
      (await ledger.list(10, b?.id)).map(({ target, detail }) => [target, detail]),
      [["a", { target: "a" }]],
    );
  },
};

/** Runs the suite against stores that `place` names, a new empty one for each case; undefined where there is no such database. */
export function stateStoreContract(name: string, place: () => Promise<string | undefined>): void {
  for (const [promise, check] of Object.entries(cases)) {
    void test(`${name}: ${promise}`, async (context) => {
      const url = await place();
      if (url === undefined) return context.skip("MISSING: no such database here");
      const clock = manualClock(startMs);
      await using store = openStateStore({ url, clock, kinds: sampleKinds });
      await store.migrate();
      await check(store, clock, url);
    });
  }
}
