import assert from "node:assert/strict";
import { test } from "node:test";
import { deedOf, type DeedInput, type DetectedDeed } from "./deed-of.ts";

const nothing: DeedInput = {
  outputFields: [],
  evidenceKinds: [],
  evidenceTexts: [],
  executable: "",
  techniques: [],
  tags: [],
};

test("output fields and evidence say what was done", () => {
  const cases: readonly (readonly [Partial<DeedInput>, DetectedDeed])[] = [
    [
      { outputFields: ["evt.type=execve", "proc.exepath=/usr/bin/nc", "proc.pexepath=/usr/sbin/nginx"] },
      { is: "exec", path: "/usr/bin/nc", parent: "/usr/sbin/nginx" },
    ],
    [
      { evidenceKinds: ["open", "exec"], executable: "/tmp/x" },
      { is: "exec", path: "/tmp/x", parent: "" },
    ],
    // Without a path nothing can be named.
    [{ evidenceKinds: ["exec"] }, { is: "unknown" }],
    [
      { outputFields: ["evt.type=connect", "fd.name=10.0.0.9:41000->203.0.113.66:4444"] },
      { is: "connect", address: "203.0.113.66", port: 4444, protocol: "tcp" },
    ],
    [
      { outputFields: ["evt.type=sendto", "fd.sip=2001:db8::9", "fd.sport=53", "fd.l4proto=udp"] },
      { is: "connect", address: "2001:db8::9", port: 53, protocol: "udp" },
    ],
    [
      { outputFields: ["fd.name=10.0.0.9:41000->203.0.113.66:4444"], evidenceKinds: ["dup2"] },
      { is: "connect", address: "203.0.113.66", port: 4444, protocol: "tcp" },
    ],
    [{ evidenceKinds: ["openat"] }, { is: "unknown" }],
    // Steps of a sequence: the dropped program is what to stop, not its last deed.
    [
      {
        evidenceKinds: ["1 download", "2 run", "3 connects"],
        evidenceTexts: ["openat: /tmp/x by curl", "execve: /tmp/x", "connect: 10.0.0.9:1->203.0.113.66:443"],
        outputFields: ["fd.name=10.0.0.9:1->203.0.113.66:443", "proc.exepath=/tmp/x"],
        executable: "/tmp/x",
      },
      { is: "exec", path: "/tmp/x", parent: "" },
    ],
    [
      {
        evidenceKinds: ["1 run", "2 connects"],
        evidenceTexts: ["execve: /usr/bin/nc", "connect: 10.0.0.9:1->203.0.113.66:443"],
        outputFields: ["fd.name=10.0.0.9:1->203.0.113.66:443"],
        executable: "/usr/bin/nc",
      },
      { is: "connect", address: "203.0.113.66", port: 443, protocol: "tcp" },
    ],
    [{ outputFields: ["evt.type=connect", "fd.name=<NA>"] }, { is: "unknown" }],
    [{ outputFields: ["evt.type=openat", "fd.name=/etc/shadow"] }, { is: "file", path: "/etc/shadow", isWrite: false }],
    [
      { outputFields: ["evt.type=openat", "fd.name=/etc/passwd", "evt.arg.flags=O_WRONLY|O_CREAT"] },
      { is: "file", path: "/etc/passwd", isWrite: true },
    ],
    [
      { outputFields: ["fs.path.name=/etc/cron.d/x"], evidenceKinds: ["2 write: renameat2"] },
      { is: "file", path: "/etc/cron.d/x", isWrite: true },
    ],
    [{ outputFields: ["evt.type=setns"] }, { is: "call", call: "setns" }],
    [{ outputFields: ["ka.verb=create", "ka.user.name=eve"] }, { is: "audit", verb: "create", user: "eve" }],
    [{}, { is: "unknown" }],
  ];
  for (const [input, expected] of cases) assert.deepEqual(deedOf({ ...nothing, ...input }), expected);
});
