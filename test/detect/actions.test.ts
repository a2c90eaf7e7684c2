// What Falco's event-generator does, done in containers by scripts of our own: each action raises a detection of an enabled rule, its harmless twin none.
import { deepEqual, ok } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { realRules } from "../conformance/falco-rules/real.ts";
import {
  openRuncWorkshop,
  repositoryMounts,
  runAndStay,
  runcMissing,
  type RuncWorkshop,
} from "../support/runc-container.ts";
import { skipUnless } from "../support/skip.ts";
import { firstHalf } from "./actions/first-half.ts";
import { type Action, idlers, perls, runners, talkers } from "./actions/parts.ts";
import { secondHalf } from "./actions/second-half.ts";
import { variants } from "./actions/variants.ts";
import { falcoRules, openDetectingNode, type DetectingNode } from "./detecting-node.ts";

const missing = [runcMissing(), existsSync(falcoRules) ? "" : "Falco's rules (../shared/data/falco-rules)"].find(
  (part) => part !== "",
);
const actions = [...firstHalf, ...secondHalf];
let workshop: RuncWorkshop;
let node: DetectingNode;
let here: string;
let ofPrivileged: ReadonlySet<string> = new Set();

before(async () => {
  if (missing !== undefined) return;
  workshop = openRuncWorkshop();
  here = mkdtempSync(join(tmpdir(), "garrison-actions-"));
  furnish(join(workshop.image, "usr/local/bin"));
  furnish(here);
  mkdirSync(join(workshop.image, "usr/bin"), { recursive: true });
  copyFileSync("/usr/bin/perl", join(workshop.image, "usr/bin/perl"));
  node = await openDetectingNode(workshop.cgroupPath, falcoRules);
  // What the mere start of a privileged container raises is no merit of an action, and no fault of a twin.
  const idle = { name: "idle", where: "privileged", script: "/bin/true", twin: "" } as const;
  ofPrivileged = new Set((await play(idle, idle.script)).rules);
});

after(async () => {
  await node?.close();
  workshop?.close();
  if (here !== undefined) rmSync(here, { recursive: true, force: true });
});

/** Programs under the names that rules know. */
function furnish(folder: string): void {
  for (const name of runners) program(join(folder, name), '#!/bin/sh\n"$@"\nexit $?\n');
  for (const name of idlers) program(join(folder, name), "#!/bin/sh\nexit 0\n");
  for (const [name, text] of Object.entries(talkers)) program(join(folder, name), `#!/usr/bin/perl\n${text}\n`);
  for (const name of perls) copyFileSync("/usr/bin/perl", join(folder, name));
}

function program(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

interface Outcome {
  readonly rules: readonly string[];
  readonly output: string;
}

async function play(action: Action, script: string): Promise<Outcome> {
  return action.where === "host" ? onHost(script) : inContainer(action, script);
}

async function inContainer(action: Action, script: string): Promise<Outcome> {
  const command = action.isEntrypoint === true ? script.split(" ") : ["/bin/sh", "-c", script];
  const run = await workshop.run(command, {
    isPrivileged: action.where === "privileged",
    ...(action.user === undefined ? {} : { user: action.user }),
    mounts: [
      { destination: "/usr/lib", source: "/usr/lib", options: ["rbind", "ro"] },
      { destination: "/usr/lib64", source: "/usr/lib64", options: ["rbind", "ro"] },
      { destination: "/usr/share/perl", source: "/usr/share/perl", options: ["rbind", "ro"] },
    ],
  });
  await node.caughtUp();
  const rows = node.rows.filter(({ containerId }) => containerId === run.id);
  const rules = new Set(rows.map(({ rule }) => rule));
  if (action.where === "privileged") for (const rule of ofPrivileged) rules.delete(rule);
  return { rules: [...rules], output: run.output };
}

async function onHost(script: string): Promise<Outcome> {
  const child = spawn("/bin/sh", ["-c", script], { env: { PATH: "/usr/bin:/bin", HERE: here }, stdio: "ignore" });
  const pid = child.pid ?? 0;
  await once(child, "close");
  await node.caughtUp();
  const family = node.descendantsOf(pid);
  const rows = node.rows.filter((row) => family.has(row.pid));
  return { rules: [...new Set(rows.map(({ rule }) => rule))], output: "" };
}

/** So many at once: each is mostly waiting. */
const atOnce = 4;

async function playAll(list: readonly Action[], scriptOf: (action: Action) => string) {
  const outcomes = new Map<string, Outcome>();
  const waiting = [...list];
  const worker = async (): Promise<void> => {
    for (let action = waiting.shift(); action !== undefined; action = waiting.shift())
      outcomes.set(action.name, await play(action, scriptOf(action)));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return outcomes;
}

/** Actions that no rule can see here, each with the reason. */
const unseen: Readonly<Record<string, string>> = {
  JavaProcessClassFileDownload: "what is read from sockets is not looked at",
  ReadShellConfigurationFile: "off upstream too: every login does it",
  UnexpectedK8sNodeportConnection: "off upstream too: a port number says nothing",
  ...(existsSync("/proc/modules")
    ? {}
    : { LinuxKernelModuleInjection: "a kernel without modules does not tell of such calls" }),
};

test("at least 60 actions of the event-generator are detected by enabled rules", async (context) => {
  if (!skipUnless(context, missing === undefined, missing ?? "")) return;
  const outcomes = await playAll(actions, ({ script }) => script);
  for (const [name, { rules, output }] of outcomes)
    context.diagnostic(`${name}: ${rules.length === 0 ? "NONE" : rules.join(", ")} ${output}`);
  const untrue = Object.entries(realRules).filter(([rule, name]) => outcomes.get(name)?.rules.includes(rule) !== true);
  deepEqual(untrue, [], "rules that the table of Falco's rules calls real");
  const silent = [...outcomes].filter(([, { rules }]) => rules.length === 0).map(([name]) => name);
  deepEqual(silent.toSorted(), Object.keys(unseen).toSorted());
  ok(actions.length - silent.length >= 60, `${actions.length - silent.length} of ${actions.length}`);
});

test("their harmless twins raise nothing", async (context) => {
  if (!skipUnless(context, missing === undefined, missing ?? "")) return;
  const outcomes = await playAll(actions, ({ twin }) => twin);
  context.diagnostic(`lost until now: ${JSON.stringify(node.losses())}`);
  deepEqual(
    [...outcomes].filter(([, { rules }]) => rules.length > 0).map(([name, { rules }]) => [name, ...rules]),
    [],
  );
});

test("links and renames hide nothing", async (context) => {
  if (!skipUnless(context, missing === undefined, missing ?? "")) return;
  const outcomes = await playAll(variants, ({ script }) => script);
  deepEqual(
    [...outcomes].filter(([, { rules }]) => rules.length === 0).map(([name, { output }]) => [name, output]),
    [],
  );
  const twins = await playAll(variants, ({ twin }) => twin);
  deepEqual(
    [...twins].filter(([, { rules }]) => rules.length > 0).map(([name, { rules }]) => [name, ...rules]),
    [],
  );
});

test("io_uring hides nothing: no system call opened the file", async (context) => {
  if (!skipUnless(context, missing === undefined, missing ?? "")) return;
  const fixture = "/opt/runtime/node /opt/garrison/src/edge/sensor/uring.fixture.ts /tmp/x 9";
  const through = async (folder: string): Promise<readonly string[]> => {
    // What a ring is asked for is told as it was written; the link is followed while somebody of the container lives.
    const script = `/bin/mkdir /tmp/x /tmp/y; /bin/ln -s ${folder} /tmp/x/link; ${fixture}`;
    let rules: readonly string[] = [];
    await runAndStay(workshop, script, {
      isPrivileged: true,
      mounts: repositoryMounts(),
      look: async (id) => {
        await node.caughtUp();
        rules = node.rows.filter(({ containerId }) => containerId === id).map(({ rule }) => rule);
      },
    });
    return rules;
  };
  const written = await through("/etc");
  ok(written.includes("Write below etc"), written.join(", "));
  const elsewhere = await through("/tmp/y");
  ok(elsewhere.includes("Container makes an io_uring"), elsewhere.join(", "));
  ok(!elsewhere.includes("Write below etc"), elsewhere.join(", "));
});
