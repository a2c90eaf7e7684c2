// Network, mount and process namespaces for a test node, joined to the host by one veth pair: no port, rule or sysctl of the host's network is touched.
// Promises: everything inside ends when the first process does, and that ends when this process goes. Several nodes may run side by side (slots).
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { daemonOf, runHere, startLogged, until, type Place } from "./processes.ts";

/** Nodes on one machine at a time; each has its own addresses. */
export const slotsMax = 8;
/** Where kubelet and the CNI library write whatever they are told. */
const ownFolders = ["/var/lib/kubelet", "/var/lib/cni"] as const;
/**
 * Settings of the whole machine that kubelet sets where they differ (setupKernelTunables). It finds files with its values in their
 * place, and so leaves the machine's alone.
 */
const kernelSettings = {
  "vm/overcommit_memory": 1,
  "vm/panic_on_oom": 0,
  "kernel/panic": 10,
  "kernel/panic_on_oops": 1,
  "kernel/keys/root_maxkeys": 1_000_000,
  "kernel/keys/root_maxbytes": 25_000_000,
} as const;
const childTimeoutMs = 10_000;

export interface NodeAddresses {
  readonly slot: number;
  readonly host: string;
  readonly node: string;
  readonly podRange: string;
  readonly podGateway: string;
  readonly serviceRange: string;
  readonly serviceApi: string;
  readonly serviceDns: string;
}

export interface NodeNamespace {
  readonly place: Place;
  readonly addresses: NodeAddresses;
  /** The first process, as the host numbers it. */
  readonly initPid: number;
  /** Kills everything inside and takes the interface away. */
  readonly close: () => Promise<void>;
}

function addressesOf(slot: number): NodeAddresses {
  return {
    slot,
    host: `10.78.${slot}.1`,
    node: `10.78.${slot}.2`,
    podRange: `10.77.${slot}.0/24`,
    podGateway: `10.77.${slot}.1`,
    serviceRange: `10.${96 + slot}.0.0/16`,
    serviceApi: `10.${96 + slot}.0.1`,
    serviceDns: `10.${96 + slot}.0.10`,
  };
}

export async function openNodeNamespace(folder: string): Promise<NodeNamespace> {
  const slot = await takeSlot();
  const addresses = addressesOf(slot);
  const madeFolders: string[] = [];
  for (const path of ownFolders) if ((await mkdir(path, { recursive: true })) !== undefined) madeFolders.push(path);
  let init: ChildProcess | undefined;

  async function close(): Promise<void> {
    if (init !== undefined) {
      const ended = once(init, "exit");
      if (init.exitCode === null && init.signalCode === null) {
        init.stdin?.destroy();
        process.kill(initPid, "SIGKILL");
        await ended;
      }
    }
    await removeLink(slot);
    // Removing a folder takes the mounts away that other namespaces have on it.
    if (!(await isAnySlotTaken())) for (const path of madeFolders) await rmdir(path).catch(ignoreMissing);
  }
  let initPid = 0;
  try {
    init = await startInit(folder);
    initPid = await onlyChild(init);
    const place = placeInside(folder, initPid);
    await prepareMounts(place, folder);
    await joinNetwork(place, addresses, initPid);
    return { place, addresses, initPid, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Another node may have removed it, or somebody else use it. */
function ignoreMissing(thrown: NodeJS.ErrnoException): void {
  if (!["ENOTEMPTY", "ENOENT"].includes(thrown.code ?? "")) throw thrown;
}

async function isAnySlotTaken(): Promise<boolean> {
  return (await readdir("/sys/class/net")).some((name) => /^garrison-\d+a$/.test(name));
}

function linkNames(slot: number) {
  return { outside: `garrison-${slot}a`, inside: `garrison-${slot}b` };
}

/** The interface is the lock: who can make it has the slot. */
async function takeSlot(): Promise<number> {
  for (let slot = 0; slot < slotsMax; slot++) {
    const { outside, inside } = linkNames(slot);
    try {
      await runHere("ip", ["link", "add", outside, "type", "veth", "peer", "name", inside]);
      return slot;
    } catch (thrown) {
      if (!(thrown instanceof Error && /File exists/.test(thrown.message))) throw thrown;
    }
  }
  throw new Error(`${slotsMax} test nodes run already (interfaces garrison-*)`);
}

async function removeLink(slot: number): Promise<void> {
  await runHere("ip", ["link", "delete", linkNames(slot).outside]).catch((thrown: unknown) => {
    // Its other end went with the namespace.
    if (!(thrown instanceof Error && /Cannot find device/.test(thrown.message))) throw thrown;
  });
}

/** A shell that reaps orphans (it waits for `sleep`) and ends when its input, a pipe from this process, does. */
async function startInit(folder: string): Promise<ChildProcess> {
  const script = "exec 3<&0; cat <&3 >/dev/null & while kill -0 $! 2>/dev/null; do sleep 1; done";
  const flags = ["--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"];
  const init = spawn("unshare", [...flags, "--", "/bin/sh", "-c", script], {
    stdio: ["pipe", "ignore", "ignore"],
    cwd: folder,
  });
  await once(init, "spawn");
  return init;
}

/** The process that unshare or nsenter forked, as the host numbers it. */
async function onlyChild(parent: ChildProcess): Promise<number> {
  return until("the program was started inside the node", childTimeoutMs, async () => {
    if (parent.exitCode !== null || parent.signalCode !== null) throw new Error("it ended at once");
    const children = await readFile(`/proc/${parent.pid}/task/${parent.pid}/children`, "utf8");
    const pid = Number(children.trim().split(" ")[0]);
    return pid > 0 ? pid : undefined;
  });
}

function placeInside(folder: string, initPid: number): Place {
  const enter = ["--target", String(initPid), "--net", "--mount", "--pid", "--"];
  return {
    run: (program, args) => runHere("nsenter", [...enter, program, ...args]),
    async start(wanted) {
      const child = await startLogged(folder, wanted, ["nsenter", ...enter, wanted.program, ...wanted.args]);
      return daemonOf(wanted.name, child, await onlyChild(child));
    },
  };
}

/** The mount points become the node's own; mounts of pods spread as kubelet wants it. */
async function prepareMounts(place: Place, folder: string): Promise<void> {
  const commands = [
    "mount --make-rshared /",
    "mount -t tmpfs -o mode=755 tmpfs /run",
    "mkdir /run/lock /run/netns",
    "mount -t tmpfs -o mode=755 tmpfs /var/log",
  ];
  for (const path of ownFolders) {
    const own = join(folder, "own", path);
    await mkdir(own, { recursive: true });
    commands.push(`mount --bind '${own}' ${path}`);
  }
  for (const [name, value] of Object.entries(kernelSettings)) {
    const file = join(folder, "own", name.replaceAll("/", "."));
    await writeFile(file, `${value}\n`);
    commands.push(`mount --bind '${file}' /proc/sys/${name}`);
  }
  await place.run("/bin/sh", ["-e", "-c", commands.join("\n")]);
}

async function joinNetwork(place: Place, addresses: NodeAddresses, initPid: number): Promise<void> {
  const { outside, inside } = linkNames(addresses.slot);
  const ip = (...args: string[]) => runHere("ip", args);
  await ip("link", "set", inside, "netns", String(initPid));
  await ip("address", "add", `${addresses.host}/30`, "dev", outside);
  await ip("link", "set", outside, "up");
  const commands = [
    "ip link set lo up",
    `ip address add ${addresses.node}/30 dev ${inside}`,
    `ip link set ${inside} up`,
    `ip route add default via ${addresses.host}`,
    "echo 1 > /proc/sys/net/ipv4/ip_forward",
    // Of this namespace only: lets iptables see what goes over the pods' bridge.
    "echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables",
  ];
  await place.run("/bin/sh", ["-e", "-c", commands.join("\n")]);
  await ip("route", "add", addresses.podRange, "via", addresses.node);
  await ip("route", "add", addresses.serviceRange, "via", addresses.node);
}
