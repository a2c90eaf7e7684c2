// What a detection says was done, from its output fields and the kind of its last evidence: that decides which control could have stopped it.

export interface DeedInput {
  /** "name=value", as in a security event. */
  readonly outputFields: readonly string[];
  /** Kinds of its evidence, in order; of sequences "2 chmod: fchmodat" or the type alone. */
  readonly evidenceKinds: readonly string[];
  readonly evidenceTexts: readonly string[];
  readonly executable: string;
  readonly techniques: readonly string[];
  readonly tags: readonly string[];
}

export type DetectedDeed =
  | { readonly is: "exec"; readonly path: string; readonly parent: string }
  | { readonly is: "connect"; readonly address: string; readonly port: number; readonly protocol: "tcp" | "udp" }
  | { readonly is: "file"; readonly path: string; readonly isWrite: boolean }
  | { readonly is: "call"; readonly call: string }
  | { readonly is: "audit"; readonly verb: string; readonly user: string }
  | { readonly is: "unknown" };

/** Folders that hold no program of an image. */
export const foreign = /^\/(tmp|var\/tmp|dev\/shm|run|proc|home|root)\//;

const execTypes = ["execve", "execveat", "exec", "spawn", "spawned_process"];
const connectTypes = ["connect", "sendto", "sendmsg", "sendmmsg", "dns"];
/** A descriptor that becomes standard input: of a connection that is a shell for whoever is at its other end. */
const copyTypes = ["dup", "dup2", "dup3"];
const readTypes = ["open", "openat", "openat2", "open_by_handle_at", "read", "file"];
const writeTypes = [
  "creat",
  "create",
  "write",
  "rename",
  "renameat",
  "renameat2",
  "unlink",
  "unlinkat",
  "rmdir",
  "mkdir",
  "mkdirat",
  "chmod",
  "fchmod",
  "fchmodat",
  "chown",
  "fchown",
  "fchownat",
  "link",
  "linkat",
  "symlink",
  "symlinkat",
];

/** Of an event's output fields; "" for what is not among them. */
export function fieldOf(outputFields: readonly string[], name: string): string {
  const found = outputFields.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  return found === "<NA>" ? "" : found;
}

export function deedOf(input: DeedInput): DetectedDeed {
  const field = (name: string): string => fieldOf(input.outputFields, name);
  if (field("ka.verb") !== "" || input.tags.includes("k8s_audit"))
    return { is: "audit", verb: field("ka.verb"), user: field("ka.user.name") };
  const types = typesOf(input);
  const last = (field("evt.type") || types.at(-1) || "").toLowerCase();
  // Of steps that ran a program from where programs do not belong, its start is what to stop: all later steps are its own.
  const isDropped =
    types.length > 1 && types.some((each) => execTypes.includes(each)) && foreign.test(input.executable);
  const type = isDropped ? "execve" : last;
  if (execTypes.includes(type)) {
    const path = field("proc.exepath") || input.executable;
    return path.startsWith("/") ? { is: "exec", path, parent: field("proc.pexepath") } : { is: "unknown" };
  }
  if (connectTypes.includes(type) || copyTypes.includes(type)) return connectionOf(field);
  const path = field("fd.name") || field("fs.path.name") || field("fs.path.target");
  if (writeTypes.includes(type) && path.startsWith("/")) return { is: "file", path, isWrite: true };
  if (readTypes.includes(type) && path.startsWith("/")) return { is: "file", path, isWrite: isWrite(field, input) };
  const isNamed = type !== "" && !readTypes.includes(type) && !writeTypes.includes(type);
  return isNamed ? { is: "call", call: type } : { is: "unknown" };
}

/** Of each entry its event type: a step of a sequence ("4 connects") has it before its text ("connect: 10.0.0.1 ..."). */
function typesOf({ evidenceKinds, evidenceTexts }: DeedInput): readonly string[] {
  return evidenceKinds.map((kind, index) => {
    const [, step] = /^\d+ [^:]*(?:: (\w+))?$/.exec(kind) ?? [];
    if (step !== undefined) return step;
    return /^\d+ /.test(kind) ? (/^(\w+): /.exec(evidenceTexts[index] ?? "")?.[1] ?? "") : kind;
  });
}

function connectionOf(field: (name: string) => string): DetectedDeed {
  const name = field("fd.name");
  const arrow = /->(.+):(\d{1,5})$/.exec(name);
  const address = field("fd.sip") || field("fd.rip") || arrow?.[1] || "";
  const port = Number(field("fd.sport") || field("fd.rport") || (arrow?.[2] ?? 0));
  const protocol = field("fd.l4proto") === "udp" ? "udp" : "tcp";
  if (!/^[0-9a-f.:]+$/i.test(address)) return { is: "unknown" };
  return { is: "connect", address, port: Number.isInteger(port) && port <= 65_535 ? port : 0, protocol };
}

function isWrite(field: (name: string) => string, { evidenceTexts, tags }: DeedInput): boolean {
  if (field("evt.is_open_write") === "true") return true;
  if (/O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)/.test(`${field("evt.arg.flags")} ${evidenceTexts.at(-1) ?? ""}`)) return true;
  return tags.includes("mitre_persistence");
}
