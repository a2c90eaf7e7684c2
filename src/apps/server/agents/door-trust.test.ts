// Who may do what at the real door: joining, other CAs, revocation, a second live agent, renewal, strangers, path tricks.
import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connect, type ClientHttp2Session } from "node:http2";
import { test } from "node:test";
import { manualClock } from "../../../base/clock.ts";
import type { Fault } from "../../../base/fault.ts";
import { identityOf, normalSerial } from "../../../edge/trust/agent-identity.ts";
import { join, renew } from "../../../edge/uplink/join.ts";
import { openStream, post, postJson } from "../../../edge/uplink/session.ts";
import { makeSigningRequest } from "../../../edge/uplink/signing-request.ts";
import { agentPaths } from "../../../model/agent-protocol.ts";
import {
  bootOf,
  codeOf,
  doorWorld,
  reportOf,
  sealedEvents,
  sendBlock,
  sessionOf,
  until,
  type DoorWorld,
} from "../../../../test/support/agents-door.ts";

const about = { node: "a", agentVersion: "test" };

/** A session without a client certificate. */
function strangerOf(world: DoorWorld): ClientHttp2Session {
  const session = connect(world.url, { ca: world.authority.caPem });
  session.on("error", () => undefined);
  return session;
}

async function codeOfJoin(work: Promise<unknown>): Promise<string> {
  let code = "";
  await rejects(work, (fault: Fault) => {
    code = fault.code;
    return true;
  });
  return code;
}

test("used, expired and unknown tokens get one and the same answer", async () => {
  await using world = await doorWorld();
  const used = await world.token();
  await join(world.url, used, about);
  const expired = await world.token({ lifeMs: -1 });
  const unknown = { ...used, secret: "x".repeat(43) };
  const session = strangerOf(world);
  const { csrPem } = await makeSigningRequest();
  const answers = [];
  for (const { secret } of [used, expired, unknown]) {
    answers.push(await postJson(session, agentPaths.join, { ...about, secret, csrPem }));
  }
  deepEqual(
    answers.map(({ status }) => status),
    [401, 401, 401],
  );
  equal(new Set(answers.map(({ text }) => text)).size, 1);
  equal(codeOf(answers[0] as never), "agents/join-refused");
  session.destroy();
});

test("a client that was told of another CA sends nothing", async () => {
  await using world = await doorWorld();
  await using other = await doorWorld();
  const token = await world.token();
  equal(await codeOfJoin(join(other.url, token, about)), "uplink/wrong-ca");
  equal(Object.keys(other.door.counters().refusedByCode).length, 0);
  // The token was not used up by that: it still joins its own server.
  equal((await join(world.url, token, about)).node, "a");
});

test("a certificate of another server opens nothing", async () => {
  await using world = await doorWorld();
  await using other = await doorWorld();
  const foreign = await other.joinNode("a");
  const session = await sessionOf(world, { ...foreign, caPem: world.authority.caPem });
  const answer = await sendBlock(session, sealedEvents(bootOf("x"), 1));
  deepEqual([answer.status, codeOf(answer)], [401, "agents/unauthenticated"]);
  session.destroy();
});

test("without a certificate only joining exists", async () => {
  await using world = await doorWorld();
  const session = strangerOf(world);
  for (const path of [agentPaths.blocks, agentPaths.renew, agentPaths.report, agentPaths.control, "/", "/healthz"]) {
    const answer = await post(session, path, {}, "{}");
    deepEqual([answer.status, codeOf(answer)], [401, "agents/unauthenticated"], path);
  }
  session.destroy();
});

test("a join request chooses its node name and nothing else; a bad one costs no use of the token", async () => {
  await using world = await doorWorld();
  const token = await world.token();
  const { csrPem } = await makeSigningRequest();
  const good = { ...about, secret: token.secret, csrPem };
  const session = strangerOf(world);
  const cases: readonly [unknown, string][] = [
    [{ ...good, node: "../b" }, "agents/bad-request"],
    [{ ...good, node: "b/node/c" }, "agents/bad-request"],
    [{ ...good, node: "a,URI:garrison://cluster/home/node/b" }, "agents/bad-request"],
    [{ ...good, cluster: "other" }, "agents/bad-request"],
    [{ ...good, csrPem: "nonsense" }, "trust/bad-csr"],
    [{ secret: token.secret }, "agents/bad-request"],
    ["text", "agents/bad-request"],
  ];
  for (const [body, code] of cases) equal(codeOf(await postJson(session, agentPaths.join, body)), code);
  equal(codeOf(await post(session, agentPaths.join, {}, "{")), "agents/bad-json");
  equal(codeOf(await post(session, agentPaths.join, {}, "x".repeat(100_000))), "agents/body-too-large");
  const answer = await postJson(session, agentPaths.join, good);
  equal(answer.status, 200);
  deepEqual(identityOf(new X509Certificate(JSON.parse(answer.text).certificatePem)), { cluster: "home", node: "a" });
  session.destroy();
});

test("no agent gets the name under which the server writes what a cluster's API server says", async () => {
  await using world = await doorWorld();
  const token = await world.token();
  equal(await codeOfJoin(join(world.url, token, { ...about, node: "kubernetes" })), "agents/reserved-name");
  equal(world.door.counters().refusedByCode["agents/reserved-name"], 1);
  equal((await join(world.url, token, about)).node, "a");
});

test("joining is limited per address", async () => {
  await using world = await doorWorld({ clock: manualClock(Date.now()) });
  const session = strangerOf(world);
  const statuses = [];
  for (let i = 0; i < 12; i += 1) statuses.push((await post(session, agentPaths.join, {}, "{}")).status);
  deepEqual(statuses, [400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 429, 429]);
  session.destroy();
});

test("a revoked agent is refused at once and its open control stream is cut", async () => {
  await using world = await doorWorld();
  const credentials = await world.joinNode("a");
  const session = await sessionOf(world, credentials);
  const control = openStream(session, `${agentPaths.control}?number=0`);
  control.on("error", () => undefined);
  await new Promise((resolve) => {
    control.once("data", resolve);
  });
  const cut = new Promise((resolve) => {
    session.once("close", resolve);
  });
  await world.state.agents.revoke("home", "a");
  const answer = await sendBlock(session, sealedEvents(bootOf("x"), 1)).catch((fault: Fault) => fault);
  // Either the answer came first or the cut did; taken it was not.
  if ("status" in answer) deepEqual([answer.status, codeOf(answer)], [401, "agents/revoked"]);
  await cut;
  const again = await sessionOf(world, credentials);
  equal(codeOf(await sendBlock(again, sealedEvents(bootOf("x"), 2))), "agents/revoked");
  equal(
    codeOf(await postJson(again, agentPaths.renew, { csrPem: (await makeSigningRequest()).csrPem })),
    "agents/revoked",
  );
  equal(world.store.calls, 0);
  again.destroy();
});

test("a second live agent of one name is refused and shown; when the first is gone it may come", async () => {
  await using world = await doorWorld();
  const credentials = await world.joinNode("a");
  const first = await sessionOf(world, credentials);
  equal((await postJson(first, agentPaths.report, reportOf())).status, 200);
  equal(await codeOfJoin(join(world.url, await world.token(), about)), "agents/second-live-agent");
  ok(world.door.notices().some((line) => line.includes("second agent") && line.includes("node a")));
  // The same key on a second machine.
  const clone = await sessionOf(world, credentials);
  deepEqual([(await postJson(clone, agentPaths.report, reportOf())).status], [409]);
  const block = await sendBlock(clone, sealedEvents(bootOf("x"), 1));
  // Not 409: that would tell the clone that its block is bad.
  deepEqual([block.status, codeOf(block)], [403, "agents/second-live-agent"]);
  equal((await postJson(first, agentPaths.report, reportOf())).status, 200);
  first.destroy();
  await until("the first to be gone", () => !world.door.isConnected({ cluster: "home", node: "a" }));
  equal((await postJson(clone, agentPaths.report, reportOf())).status, 200);
  clone.destroy();
  await until("the clone to be gone", () => !world.door.isConnected({ cluster: "home", node: "a" }));
  const third = await join(world.url, await world.token(), about);
  equal(third.node, "a");
  // The name has a new owner: what the earlier one still holds is worth nothing.
  const late = await sessionOf(world, credentials);
  equal(codeOf(await postJson(late, agentPaths.report, reportOf())), "agents/revoked");
  late.destroy();
});

test("a refused join takes no use: live names and bad requests, until the token's uses are taken by agents", async () => {
  // By hand, so that the allowance of tries per address is not what refuses.
  const clock = manualClock(Date.now());
  await using world = await doorWorld({ clock });
  const first = await sessionOf(world, await world.joinNode("a"));
  equal((await postJson(first, agentPaths.report, reportOf())).status, 200);
  const token = await world.token({ uses: 2 });
  const session = strangerOf(world);
  const { csrPem } = await makeSigningRequest();
  const good = { ...about, secret: token.secret, csrPem };
  const usesLeft = async () => (await world.state.joinTokens.list(clock.nowMs()))[0]?.usesLeft;
  for (let tries = 0; tries < 4; tries += 1) {
    const answer = await postJson(session, agentPaths.join, good);
    deepEqual([answer.status, codeOf(answer)], [409, "agents/second-live-agent"]);
  }
  const unread = await postJson(session, agentPaths.join, { ...good, node: "b", csrPem: "nonsense" });
  equal(codeOf(unread), "trust/bad-csr");
  equal(await usesLeft(), 2);
  // Whether a name lives is nobody's to know without a token: the same answer for a live and a free name.
  const answers = [];
  for (const node of ["a", "free"])
    answers.push(await postJson(session, agentPaths.join, { ...good, node, secret: "x".repeat(43) }));
  deepEqual(
    answers.map(({ status }) => status),
    [401, 401],
  );
  equal(new Set(answers.map(({ text }) => text)).size, 1);
  clock.advance(60_000);
  equal((await postJson(first, agentPaths.report, reportOf())).status, 200);
  equal((await join(world.url, token, { ...about, node: "b" })).node, "b");
  equal(await usesLeft(), 1);
  equal((await join(world.url, token, { ...about, node: "c" })).node, "c");
  // Used up: from now on the live name is not told either.
  const late = await postJson(session, agentPaths.join, good);
  deepEqual([late.status, late.text], [401, answers[0]?.text]);
  first.destroy();
  session.destroy();
});

test("as many agents as a token has uses, however many ask at once", async () => {
  await using world = await doorWorld();
  const token = await world.token({ uses: 3 });
  const joins = Array.from({ length: 8 }, (_, i) => join(world.url, token, { ...about, node: `n${i}` }));
  const results = await Promise.allSettled(joins);
  equal(results.filter(({ status }) => status === "fulfilled").length, 3);
  for (const result of results)
    if (result.status === "rejected") equal((result.reason as Fault).code, "agents/join-refused");
  const known = await Promise.all(results.map((_, i) => world.state.agents.get("home", `n${i}`)));
  equal(known.filter((agent) => agent !== undefined).length, 3);
});

test("renewal gives the same identity a new certificate, which takes over the session of the old one", async () => {
  await using world = await doorWorld();
  const credentials = await world.joinNode("a");
  const session = await sessionOf(world, credentials);
  equal((await postJson(session, agentPaths.report, reportOf())).status, 200);
  equal(codeOf(await postJson(session, agentPaths.renew, { csrPem: "x", node: "b" })), "agents/bad-request");
  const renewed = await renew(session, credentials);
  const [before, after] = [credentials, renewed].map(({ certificatePem }) => new X509Certificate(certificatePem));
  deepEqual(identityOf(after as X509Certificate), { cluster: "home", node: "a" });
  notEqual(normalSerial(before?.serialNumber ?? ""), normalSerial(after?.serialNumber ?? ""));
  const next = await sessionOf(world, renewed);
  equal((await postJson(next, agentPaths.report, reportOf())).status, 200);
  await until("the old session to end", () => session.destroyed);
  next.destroy();
});

test("an expired certificate is refused, also in a session that is older than its end", async () => {
  const clock = manualClock(Date.now());
  await using world = await doorWorld({ clock });
  const session = await sessionOf(world, await world.joinNode("a"));
  equal((await postJson(session, agentPaths.report, reportOf())).status, 200);
  clock.advance(25 * 3_600_000);
  equal(codeOf(await postJson(session, agentPaths.report, reportOf())), "agents/unauthenticated");
  session.destroy();
});

test("paths are exact, reports and numbers are checked", async () => {
  await using world = await doorWorld();
  const session = await sessionOf(world, await world.joinNode("a"));
  const cases: readonly [string, string][] = [
    ["/agent/v1/blocks/", "agents/not-found"],
    ["/agent/v1/../v1/renewed", "agents/not-found"],
    ["/agent/v1/%62locks", "agents/not-found"],
    ["/agent/v1/control", "agents/not-found"],
  ];
  for (const [path, code] of cases) equal(codeOf(await post(session, path, {}, "{}")), code, path);
  equal(codeOf(await postJson(session, agentPaths.report, { ...reportOf(), node: "b" })), "agents/bad-report");
  equal(codeOf(await post(session, agentPaths.report, {}, "[")), "agents/bad-json");
  session.destroy();
});

test("an agent that falls silent leaves one gap", async () => {
  const clock = manualClock(Date.now());
  await using world = await doorWorld({ clock });
  const session = await sessionOf(world, await world.joinNode("a"));
  equal((await postJson(session, agentPaths.report, reportOf())).status, 200);
  session.destroy();
  await until("the door to notice", () => !world.door.isConnected({ cluster: "home", node: "a" }));
  clock.advance(61_000);
  await until("the gap", () => world.store.appended.length === 1);
  clock.advance(600_000);
  await new Promise((resolve) => {
    setTimeout(resolve, 150);
  });
  const [gap] = world.store.appended;
  deepEqual([world.store.appended.length, gap?.table, gap?.node], [1, "gaps", "a"]);
  ok(gap?.body.includes("agent-down"));
});

test("a port in use is a fault that names it", async () => {
  await using world = await doorWorld();
  await rejects(doorWorld({ door: { port: Number(world.url.port) } }), (error: Fault) => {
    deepEqual([error.code, error.kind], ["agents/port-in-use", "usage"]);
    return error.hint?.includes("--agents-port") === true;
  });
});
