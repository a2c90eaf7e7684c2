// Which control would have stopped what was detected: the narrowest first, each as a resource in dry run or staged, with what else it would stop.
import { foreign, type DetectedDeed } from "./deed-of.ts";

export interface ControlInput {
  readonly rule: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly executable: string;
  readonly deed: DetectedDeed;
  /** Path of the workload's main program; "" when it is not known. */
  readonly mainExecutable: string;
  /** Path of the parent's program; "" when it is not known. */
  readonly parentExecutable: string;
}

export interface SuggestedControl {
  readonly kind: "kill-exec" | "deny-connect" | "protect-file" | "seccomp" | "capabilities" | "network-policy" | "rbac";
  readonly title: string;
  readonly because: string;
  readonly cost: string;
  /** "RuntimePolicy" or "Policy"; "" where there is only advice. */
  readonly resource: "RuntimePolicy" | "Policy" | "";
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>> | undefined;
}

const pathBytesMax = 240;
/** Calls that a RuntimePolicy names; what else a filter of system calls could leave out. */
const guarded: Readonly<Record<string, string>> = {
  mount: "mount",
  umount: "mount",
  umount2: "mount",
  ptrace: "ptrace",
  process_vm_writev: "ptrace",
  init_module: "module",
  finit_module: "module",
  delete_module: "module",
  bpf: "bpf",
  setns: "setns",
  unshare: "unshare",
  "clone-namespaces": "unshare",
  memfd_create: "fileless-exec",
};
const filtered = [
  "userfaultfd",
  "io_uring_setup",
  "keyctl",
  "kexec_load",
  "perf_event_open",
  "process_vm_readv",
  "pivot_root",
  "chroot",
  "add_key",
  "request_key",
];
const privileges: Readonly<Record<string, string>> = {
  setuid: "SETUID",
  setreuid: "SETUID",
  setresuid: "SETUID",
  setfsuid: "SETUID",
  setgid: "SETGID",
  setregid: "SETGID",
  setresgid: "SETGID",
  capset: "SETPCAP",
};

/** At most three, the narrowest first; empty where nothing that is known here would help. */
export function suggestControls(input: ControlInput): readonly SuggestedControl[] {
  const { deed } = input;
  switch (deed.is) {
    case "exec":
      return execControls(input, deed);
    case "connect":
      return connectControls(input, deed);
    case "file":
      return fileControls(input, deed);
    case "call":
      return callControls(input, deed.call);
    case "audit":
      return [auditControl(deed)];
    case "unknown":
      return [];
  }
}

type Deed<Kind extends DetectedDeed["is"]> = Extract<DetectedDeed, { readonly is: Kind }>;

function execControls(input: ControlInput, { path, parent }: Deed<"exec">): readonly SuggestedControl[] {
  if (!fits(path)) return [];
  if (path === input.mainExecutable) return [];
  const fromParent = parent || input.parentExecutable;
  const isForeign = foreign.test(path);
  const isNarrowed = !isForeign && fits(fromParent) && fromParent !== path;
  const rule = { path, ...(isNarrowed ? { fromSource: [fromParent] } : {}), action: "Block" };
  const drift: readonly SuggestedControl[] = isForeign
    ? [
        policyOf(input, "no-drift", {
          kind: "kill-exec",
          title: "Kill any program that is not of the image",
          because: `${path} lies where programs write, not where an image has its programs`,
          cost: "Programs that the workload downloads or builds by itself would end, too.",
          spec: { calls: [{ call: "drift-exec", action: "Block" }] },
        }),
      ]
    : [];
  return [
    policyOf(input, "no-exec", {
      kind: "kill-exec",
      title: isNarrowed ? `Kill ${path} when ${fromParent} starts it` : `Kill ${path} when it starts`,
      because: "it was run here and is not the workload's main program",
      cost: isNarrowed
        ? `Nothing else of the workload: ${path} started by other programs goes on.`
        : `Every start of ${path} in the workload, probes and hooks too.`,
      spec: { exec: [rule] },
    }),
    ...drift,
  ];
}

function connectControls(
  input: ControlInput,
  { address, port, protocol }: Deed<"connect">,
): readonly SuggestedControl[] {
  const block = `${address}/${address.includes(":") ? 128 : 32}`;
  const end = port === 0 ? address : `${address.includes(":") ? `[${address}]` : address}:${port}`;
  const source = fits(input.executable) ? { fromSource: [input.executable] } : {};
  const denied = policyOf(input, "no-connect", {
    kind: "deny-connect",
    title: `Deny connections of ${input.executable || "the workload"} to ${end}`,
    because: "it connected there, which the rule calls hostile",
    cost: "Only this program and this address.",
    spec: { network: [{ operation: "connect", protocol, address: block, port, ...source, action: "Block" }] },
  });
  if (input.namespace === "" || input.namespace === "host") return [denied];
  const name = slug(`deny-${end}`);
  const spec = {
    tier: "default",
    order: 10,
    selector: "all()",
    types: ["Egress"],
    egress: [
      {
        action: "Deny",
        protocol: protocol.toUpperCase(),
        destination: { nets: [block], ...(port === 0 ? {} : { ports: [port] }) },
      },
      { action: "Pass" },
    ],
  };
  return [
    denied,
    {
      kind: "network-policy",
      title: `Stage a network policy that denies ${end} to namespace ${input.namespace}`,
      because: "the network denies it whatever the program is called",
      cost: "Every pod of the namespace; staged, so that it is tried on recorded traffic first.",
      resource: "Policy",
      name: `stagednetworkpolicy.${slug(input.namespace)}.${name}`,
      spec: {
        manifest: {
          apiVersion: "projectcalico.org/v3",
          kind: "StagedNetworkPolicy",
          metadata: { name, namespace: input.namespace },
          spec,
        },
      },
    },
  ];
}

function fileControls(input: ControlInput, { path, isWrite }: Deed<"file">): readonly SuggestedControl[] {
  if (!fits(path)) return [];
  const source = fits(input.executable) && !isWrite ? { fromSource: [input.executable] } : {};
  return [
    policyOf(input, isWrite ? "read-only" : "no-read", {
      kind: "protect-file",
      title: isWrite ? `Make ${path} read-only` : `Deny ${path} to ${input.executable || "the workload"}`,
      because: isWrite ? "it was changed here" : "it was read by a program that has no business with it",
      cost: isWrite
        ? "Whoever in the workload writes it; reading stays free."
        : "Only this program; others read it as before.",
      spec: { files: [{ path, readOnly: isWrite, ...source, action: "Block" }] },
    }),
  ];
}

function callControls(input: ControlInput, call: string): readonly SuggestedControl[] {
  const word = guarded[call];
  if (word !== undefined)
    return [
      policyOf(input, `no-${word}`, {
        kind: "seccomp",
        title: `Deny ${word} to the workload`,
        because: `it called ${call}`,
        cost: "Whoever in the workload does the same; a profile from what was learnt says whether anything else does.",
        spec: { calls: [{ call: word, action: "Block" }] },
      }),
    ];
  const capability = privileges[call];
  if (capability !== undefined)
    return [
      policyOf(input, `no-${capability.toLowerCase()}`, {
        kind: "capabilities",
        title: `Take CAP_${capability} from the workload`,
        because: `${call} needs it, and it was used`,
        cost: "Programs that change their user at the start need it: look at what was learnt first.",
        spec: { capabilities: [{ capability, action: "Block" }] },
      }),
    ];
  if (!filtered.includes(call)) return [];
  return [
    {
      kind: "seccomp",
      title: `Leave ${call} out of the workload's seccomp profile`,
      because: `it called ${call}`,
      cost: "Written from what was learnt: `garrison profile seccomp` names what would be refused.",
      resource: "",
      name: "",
      spec: undefined,
    },
  ];
}

function auditControl({ verb, user }: Deed<"audit">): SuggestedControl {
  const who = user === "" ? "who asked" : user;
  return {
    kind: "rbac",
    title: `Take the right to ${verb === "" ? "do this" : verb} from ${who}`,
    because: "the API server allowed it: RBAC decides about it, not the node",
    cost: "Whatever else uses the same role binding.",
    resource: "",
    name: "",
    spec: undefined,
  };
}

interface PolicyParts extends Pick<SuggestedControl, "kind" | "title" | "because" | "cost"> {
  readonly spec: Readonly<Record<string, unknown>>;
}

/** A RuntimePolicy in dry run for the detection's workload. */
function policyOf(input: ControlInput, what: string, { spec, ...said }: PolicyParts): SuggestedControl {
  const target = {
    ...(input.namespace === "" || input.namespace === "host" ? {} : { namespace: input.namespace }),
    ...(input.workload === "" ? {} : { workload: input.workload }),
  };
  return {
    ...said,
    resource: "RuntimePolicy",
    name: slug(`${input.workload || input.namespace || "workloads"}-${what}`),
    spec: { target, mode: "dry-run", ...spec, message: `Suggested after the detection "${input.rule.slice(0, 200)}"` },
  };
}

/** Whether a path can stand in a rule. */
function fits(path: string): boolean {
  return path.startsWith("/") && !path.includes("\0") && utf8Length(path) <= pathBytesMax;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 100)
    .replace(/-+$/, "");
}
