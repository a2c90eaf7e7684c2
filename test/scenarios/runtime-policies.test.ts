// A runtime policy from the server to this machine's kernel, by real processes: `garrison up` (server, store, agent) on a data folder of its own, the commands a person types,
// and a workload in a private cgroup. Dry run tells, enforce kills with a receipt at the server, removal frees; freeze and isolate are felt and end.
import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, realpathSync, rmdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { guardMissing, runInside } from "../../src/edge/sensor/guard/guard.fixture.ts";
import { makePrivateCgroup, type PrivateCgroup } from "../../src/edge/sensor/sensor.fixture.ts";
import { cgroupMount } from "../../src/edge/sensor/proc.ts";
import { startUp, type RunningUp } from "../support/running-up.ts";
import { skipUnless } from "../support/skip.ts";

const entry = path.resolve(import.meta.dirname, "../../bin/garrison.js");
const id = realpathSync("/usr/bin/id");
const missing = guardMissing();
const waitMsMax = 240_000;

interface StatusRow {
  readonly policy: string;
  readonly cluster: string;
  readonly node: string;
  readonly mode: string;
  readonly state: string;
  readonly inScope: number;
  readonly happened: string;
  readonly proof: string;
  readonly because: string;
}

let data = "";
let up: RunningUp | undefined;
let outer: PrivateCgroup | undefined;
/** The workload's own cgroup: its folder, its path below the hierarchy's root, and one process that stays. */
let work = "";
let target = "";
let resident: ChildProcess | undefined;

before(async () => {
  if (missing !== "") return;
  data = await mkdtemp(path.join(tmpdir(), "garrison-runtime-"));
  outer = makePrivateCgroup("runtime-policies");
  work = path.join(outer.path, "work");
  mkdirSync(work);
  target = work.slice((cgroupMount("/proc") ?? "").length);
  resident = spawn("sh", ["-c", `echo $$ > ${work}/cgroup.procs; exec sleep 3600`], { stdio: "ignore" });
  up = await startUp(data, ["--no-demo", "--guard-cgroup", outer.path, "--policy-enforce", "never"]);
});
after(async () => {
  await up?.[Symbol.asyncDispose]();
  if (resident !== undefined && resident.exitCode === null) {
    const ended = once(resident, "exit");
    resident.kill("SIGKILL");
    await ended;
  }
  if (work !== "") rmdirSync(work);
  outer?.[Symbol.dispose]();
  if (data !== "") await rm(data, { recursive: true, force: true });
});

const canRun = (context: TestContext): boolean => skipUnless(context, missing === "", `kernel guard: ${missing}`);

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A command as a person types it. */
function garrison(...words: readonly string[]): Promise<Ran> {
  const env = { ...process.env, NO_COLOR: "1", GARRISON_TOKEN: undefined, GARRISON_SERVER: undefined };
  return new Promise((resolve) => {
    execFile(process.execPath, [entry, ...words, "--data", data], { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
    });
  });
}

async function said(...words: readonly string[]): Promise<string> {
  const { code, out, err } = await garrison(...words);
  assert.equal(code, 0, `${words.join(" ")}: ${out}${err}`);
  return out;
}

async function statusOf(policy: string): Promise<readonly StatusRow[]> {
  const { items } = JSON.parse(await said("runtime", "status", "-o", "json")) as {
    readonly items: readonly StatusRow[];
  };
  return items.filter((row) => row.policy === policy);
}

/** Asks again until the condition holds; what was seen last is in the message when it never does. */
async function until<Seen>(what: string, look: () => Promise<Seen>, holds: (seen: Seen) => boolean): Promise<Seen> {
  const deadline = AbortSignal.timeout(waitMsMax);
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (deadline.aborted) assert.fail(`never: ${what}; last seen ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

async function apply(mode: string): Promise<void> {
  const file = path.join(data, "no-id.yaml");
  const lines = ["kind: RuntimePolicy", "name: no-id", "spec:", `  target: { cgroup: ${target} }`, `  mode: ${mode}`];
  await writeFile(file, [...lines, "  exec:", `    - path: ${id}`, ""].join("\n"));
  await said("apply", "-f", file);
}

const idInside = async (): Promise<number> => runInside(work, id).code;

test("dry run says would-kill, enforce kills with a receipt at the server, removal frees", async (context) => {
  if (!canRun(context)) return;
  await apply("dry-run");
  const tried = await until(
    "a would-kill at the server",
    async () => {
      assert.equal(await idInside(), 0, "a dry run stops nothing");
      return statusOf("no-id");
    },
    ([row]) => /would-(kill|deny)/.test(row?.happened ?? ""),
  );
  assert.deepEqual([tried.length, tried[0]?.state, tried[0]?.mode, tried[0]?.inScope], [1, "preview", "dry-run", 1]);

  await apply("enforce");
  await until("a stop", idInside, (code) => code !== 0);
  const [forced] = await until(
    "the receipt of the real stop",
    () => statusOf("no-id"),
    ([row]) => row?.state === "enforced" && /killed|denied/.test(row.happened),
  );
  assert.match(forced?.proof ?? "", /exec.*(killed|denied)|(killed|denied).*exec/);
  assert.match(forced?.because ?? "", /^1 in scope/);
  const table = await said("runtime", "status");
  assert.match(table, /no-id +\S+\/\S+ +enforce +enforced +1 /);
  const events = await until(
    "the security event",
    () => said("events", "--kinds", "security", "-o", "json", "--since", "1h"),
    (text) => text.includes("no-id") && /"(killed|denied)"/.test(text),
  );
  assert.ok(events.includes(id));

  await said("delete", "RuntimePolicy", "no-id");
  await until("freedom", idInside, (code) => code === 0);
  await until(
    "no status",
    () => statusOf("no-id"),
    (rows) => rows.length === 0,
  );
});

const isFrozen = async (): Promise<boolean> => /^frozen 1$/m.test(readFileSync(`${work}/cgroup.events`, "utf8"));

test("freeze stands still until it is released, and says so", async (context) => {
  if (!canRun(context)) return;
  const answer = await said("runtime", "freeze", target, "--reason", "a test of freezing", "--minutes", "5");
  assert.match(answer, /RuntimePolicy\/hold\.garrison\.test\S+ (created|configured|applied): freeze until 20\S+Z/);
  await until("a frozen group", isFrozen, Boolean);
  const name = /RuntimePolicy\/(\S+)/.exec(answer)?.[1] ?? "";
  await until(
    "its status",
    () => statusOf(name),
    ([row]) => row?.inScope === 1 && row.mode === "enforce",
  );
  assert.match(await said("runtime", "release", target), /goes on within seconds/);
  await until("a group that goes on", isFrozen, (frozen) => !frozen);
});

test("isolate drops the packets of the workload alone, until it is released", async (context) => {
  if (!canRun(context)) return;
  const listener = net.createServer((socket) => socket.end());
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as net.AddressInfo;
  const connects = (folder: string) => async (): Promise<boolean> => {
    const child = spawn("bash", [
      "-c",
      `echo $$ > ${folder}/cgroup.procs; exec timeout 2 bash -c ': < /dev/tcp/127.0.0.1/${port}'`,
    ]);
    const [code] = (await once(child, "close")) as [number | null];
    return code === 0;
  };
  try {
    await until("a connection before", connects(work), Boolean);
    await said("runtime", "isolate", target, "--reason", "a test of isolating");
    await until("no connection", connects(work), (connected) => !connected);
    await until("a connection of its neighbour", connects(outer?.path ?? ""), Boolean);
    await said("runtime", "release", target);
    await until("a connection after", connects(work), Boolean);
  } finally {
    listener.close();
  }
});

test("plan names file, line and what was meant; holds of nothing are refused", async (context) => {
  if (!canRun(context)) return;
  const file = path.join(data, "plan.yaml");
  const good = ["kind: RuntimePolicy", "name: good", "spec:", "  exec:", `    - path: ${id}`];
  const bad = ["---", "kind: RuntimePolicy", "name: bad", "spec:", "  exec:", "    - pth: /bin/nc", ""];
  await writeFile(file, [...good, ...bad].join("\n"));
  const { code, out, err } = await garrison("runtime", "plan", file);
  assert.equal(code, 2, err);
  assert.match(out, /^good \(dry-run\)$/m);
  assert.match(out, new RegExp(`exec of ${id} .*(kill|prevent)`));
  assert.match(err, new RegExp(`^error: ${file}:11 spec\\.exec\\[0\\]\\.pth: .*\\n +did you mean "path"\\?$`, "m"));
  const nobody = await garrison("runtime", "freeze", "nobody", "--reason", "none");
  assert.deepEqual([nobody.code, /names no workload/.test(nobody.err)], [2, true]);
  const never = await garrison("runtime", "release", "shop/never-held");
  assert.equal(never.code, 5, never.err);
});
