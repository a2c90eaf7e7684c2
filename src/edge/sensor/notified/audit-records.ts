// The kernel's audit records as the multicast group gives them, as far as they say what a process executed: what /proc no longer knows of a short-lived one.
// Only where somebody set rules for execve; nothing is set here.

/** type, and the text "audit(SECONDS.MILLIS:SERIAL): name=value ...". */
export interface AuditRecord {
  readonly type: number;
  readonly serial: number;
  readonly fields: ReadonlyMap<string, string>;
}

/** Of one event, put together from its records. */
export interface AuditedExec {
  readonly pid: number;
  readonly parentPid: number;
  readonly uid: number;
  readonly gid: number;
  readonly comm: string;
  readonly path: string;
  readonly arguments: readonly string[];
}

export const auditTypes = { SYSCALL: 1300, EXECVE: 1309 } as const;
const NETLINK_HEADER_BYTES = 16;
const textMax = 16 * 1024;

/** Undefined when it is no record of a known form. */
export function parseAuditRecord(datagram: Uint8Array): AuditRecord | undefined {
  if (datagram.byteLength <= NETLINK_HEADER_BYTES) return undefined;
  const type = new DataView(datagram.buffer, datagram.byteOffset).getUint16(4, true);
  const text = new TextDecoder().decode(datagram.subarray(NETLINK_HEADER_BYTES, NETLINK_HEADER_BYTES + textMax));
  const head = /^audit\(\d+\.\d+:(\d+)\): /.exec(text);
  if (head === null) return undefined;
  const fields = new Map<string, string>();
  for (const [, name = "", quoted, plain = ""] of text
    .slice(head[0].length)
    .matchAll(/([A-Za-z0-9_[\]]+)=(?:"([^"]*)"|(\S*))/g)) {
    if (!fields.has(name)) fields.set(name, quoted ?? unhex(name, plain));
  }
  return { type, serial: Number(head[1]), fields };
}

const texts = /^(a\d+(\[\d+\])?|comm|exe|name|cwd|proctitle)$/;

/** Texts with quotes, spaces or control characters are written in hexadecimal, without quotes. */
function unhex(name: string, text: string): string {
  if (!texts.test(name) || text.length % 2 !== 0 || !/^[0-9A-F]+$/.test(text)) return text;
  return Buffer.from(text, "hex").toString("utf8");
}

const openMax = 256;
const argumentsMax = 256;

/** Puts SYSCALL and EXECVE records of one event together; remembers the newest of a bounded number of processes until they are taken. */
export function auditedExecs() {
  const open = new Map<number, Map<string, string>>();
  const byPid = new Map<number, AuditedExec>();

  function keep<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
    map.delete(key);
    if (map.size >= openMax) map.delete(map.keys().next().value as Key);
    map.set(key, value);
  }

  return {
    add({ type, serial, fields }: AuditRecord): void {
      if (type === auditTypes.SYSCALL && fields.get("success") === "yes") keep(open, serial, new Map(fields));
      if (type !== auditTypes.EXECVE) return;
      const call = open.get(serial);
      open.delete(serial);
      if (call === undefined) return;
      const pid = Number(call.get("pid"));
      const count = Math.min(Number(fields.get("argc") ?? 0), argumentsMax);
      keep(byPid, pid, {
        pid,
        parentPid: Number(call.get("ppid") ?? 0),
        uid: Number(call.get("euid") ?? 0),
        gid: Number(call.get("egid") ?? 0),
        comm: call.get("comm") ?? "",
        path: call.get("exe") ?? "",
        arguments: Array.from({ length: count }, (_, index) => fields.get(`a${index}`) ?? ""),
      });
    },
    take(pid: number): AuditedExec | undefined {
      const found = byPid.get(pid);
      byPid.delete(pid);
      return found;
    },
  };
}
