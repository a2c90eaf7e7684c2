// Compiled entries, and a stand-in for the kernel's look-up (longest prefix, first choice that fits) against a plain reading of the rules.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import type { CompiledChoice, CompiledPolicy } from "./guard-port.ts";
import { compileRules } from "./compile.ts";
import { needs, own } from "./policies.fixture.ts";

const all = { exec: [{ directory: "/tmp" }] };

/** What the kernel does with a path: its longest entry, and of it the first choice that fits. */
function lookUp(
  compiled: CompiledPolicy,
  path: string,
  asks: { readonly source?: number; readonly isWrite?: boolean } = {},
): CompiledChoice["action"] | "nothing" {
  const entries = compiled.paths.filter(({ text, isExact }) => (isExact ? path === text : path.startsWith(text)));
  const longest = entries.toSorted(
    (one, other) => other.text.length + Number(other.isExact) - one.text.length - Number(one.isExact),
  )[0];
  const only = compiled.points.find((point) => point.class === "only");
  for (const choice of [...(longest?.choices ?? []), ...(only?.choices ?? [])]) {
    if (choice.isWriteOnly && asks.isWrite !== true) continue;
    if (choice.directBytes > 0 && path.lastIndexOf("/") >= choice.directBytes) continue;
    if (choice.sources !== 0 && (choice.sources & (asks.source ?? 0)) === 0) continue;
    return choice.action;
  }
  return "nothing";
}

describe("paths", () => {
  const cases: readonly (readonly [
    name: string,
    spec: object,
    asks: readonly (readonly [path: string, action: string])[],
  ])[] = [
    [
      "a folder holds what is below it, not its neighbour",
      all,
      [
        ["/tmp/x", "block"],
        ["/tmp/a/b", "block"],
        ["/tmpx", "nothing"],
        ["/tmp", "nothing"],
      ],
    ],
    [
      "direct children only",
      { exec: [{ directory: "/opt", recursive: false }] },
      [
        ["/opt/x", "block"],
        ["/opt/a/x", "nothing"],
      ],
    ],
    [
      "a more specific Allow inside a blocked folder",
      {
        exec: [
          { directory: "/opt" },
          { path: "/opt/ok", action: "Allow" },
          { directory: "/opt/fine", action: "Allow" },
        ],
      },
      [
        ["/opt/x", "block"],
        ["/opt/ok", "allow"],
        ["/opt/fine/x", "allow"],
      ],
    ],
    [
      "a folder that is not recursive inside one that is",
      { exec: [{ directory: "/a" }, { directory: "/a/b", recursive: false, action: "Allow" }] },
      [
        ["/a/b/x", "allow"],
        ["/a/b/c/x", "block"],
      ],
    ],
    [
      "Block beats Allow of the same path",
      { exec: [{ path: "/x", action: "Allow" }, { path: "/x" }] },
      [["/x", "block"]],
    ],
    [
      "the start of a name",
      { exec: [{ pattern: "/usr/bin/nc*" }, { pattern: "/home/**" }] },
      [
        ["/usr/bin/nc.openbsd", "block"],
        ["/usr/bin/nc/x", "nothing"],
        ["/home/a/b", "block"],
      ],
    ],
    [
      "only these",
      { exec: [{ path: "/app", action: "Allow" }], only: { exec: true } },
      [
        ["/app", "allow"],
        ["/other", "block"],
      ],
    ],
  ];
  for (const [name, spec, asks] of cases) {
    test(name, () => {
      const { compiled, problems } = compileRules([own(spec)], "block", needs());
      assert.deepEqual(problems, []);
      assert.deepEqual(
        asks.map(([path]) => [path, lookUp(compiled, path)]),
        asks,
      );
    });
  }

  test("sources are numbered, and a rule about one program goes before one about everybody", () => {
    const policy = own({ exec: [{ path: "/x" }, { path: "/x", action: "Allow", fromSource: ["/bin/a", "/bin/b"] }] });
    const { compiled } = compileRules([policy], "block", needs());
    assert.deepEqual(compiled.sources, ["/bin/a", "/bin/b"]);
    assert.deepEqual(
      [lookUp(compiled, "/x", { source: 2 }), lookUp(compiled, "/x", { source: 4 })],
      ["allow", "block"],
    );
  });

  test("writing only: reading goes on to the next rule", () => {
    const policy = own({
      files: [
        { path: "/x", readOnly: true },
        { directory: "/", action: "Audit" },
      ],
    });
    const { compiled } = compileRules([policy], "block", needs());
    assert.deepEqual([lookUp(compiled, "/x", { isWrite: true }), lookUp(compiled, "/x")], ["block", "audit"]);
  });

  test("links of folders are followed: both names, and the file itself by its inode", () => {
    const found = {
      "/bin/sh": { path: "/usr/bin/dash", device: 7, inode: 42 },
      "/bin/": { path: "/usr/bin", device: 0, inode: 0 },
    };
    const { compiled } = compileRules(
      [own({ exec: [{ path: "/bin/sh" }, { directory: "/bin" }] })],
      "block",
      needs(found),
    );
    assert.deepEqual(
      compiled.paths.map(({ text }) => text),
      ["/bin/sh", "/usr/bin/dash", "/bin/", "/usr/bin/"],
    );
    assert.deepEqual(
      compiled.files.map(({ device, inode }) => [device, inode]),
      [[7, 42]],
    );
  });

  test("too many rules about one path are told, the first ones hold", () => {
    const exec = Array.from({ length: 8 }, (_, index) => ({ path: "/x", fromSource: [`/bin/${index}`] }));
    const { compiled, problems } = compileRules([own({ exec })], "block", needs());
    assert.equal(compiled.paths[0]?.choices.length, 6);
    assert.match(problems[0]?.message ?? "", /choicesMax = 6/);
  });

  test("too many sources are told by name, and their rule does not hold for everybody", () => {
    const exec = Array.from({ length: 33 }, (_, index) => ({ path: `/x${index}`, fromSource: [`/bin/${index}`] }));
    const { compiled, problems } = compileRules([own({ exec })], "block", needs());
    assert.deepEqual(
      problems.map(({ place }) => place),
      ["spec.exec[32]"],
    );
    assert.equal(lookUp(compiled, "/x32"), "nothing");
  });
});

test("any set of folders and files: the kernel's look-up says what the longest rule that fits says", () => {
  const path = fc
    .array(fc.constantFrom("a", "b", "ab"), { minLength: 1, maxLength: 3 })
    .map((parts) => `/${parts.join("/")}`);
  const rule = fc.record({
    kind: fc.constantFrom("path", "directory"),
    path,
    recursive: fc.boolean(),
    action: fc.constantFrom("Allow", "Block", "Audit"),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(rule, { selector: ({ kind, path: text }) => `${kind} ${text}`, maxLength: 6 }),
      path,
      (rules, asked) => {
        const exec = rules.map(({ kind, path: text, recursive, action }) => ({ [kind]: text, recursive, action }));
        const { compiled } = compileRules([own({ exec })], "block", needs());
        const fitting = rules.filter(({ kind, path: text, recursive }) => {
          if (kind === "path") return asked === text;
          return asked.startsWith(`${text}/`) && (recursive || !asked.slice(text.length + 1).includes("/"));
        });
        const length = ({ kind, path: text }: (typeof rules)[number]): number =>
          text.length + (kind === "path" ? 1 : 0) + (kind === "directory" ? 1 : 0);
        const best = fitting.toSorted((one, other) => length(other) - length(one))[0];
        const expected = best === undefined ? "nothing" : best.action.toLowerCase();
        assert.equal(lookUp(compiled, asked), expected);
      },
    ),
  );
});

describe("addresses and points", () => {
  test("a narrower address carries what wider ones say", () => {
    const network = [
      { address: "10.0.0.0/8", fromSource: [] },
      { address: "10.1.0.0/16", port: 443, protocol: "tcp", action: "Allow" },
    ];
    const { compiled } = compileRules([own({ network })], "block", needs());
    assert.deepEqual(
      compiled.addresses.map(({ address, prefixBits, port, choices }) => [
        address,
        prefixBits,
        port,
        choices.map(({ action }) => action),
      ]),
      [
        ["10.0.0.0", 104, 0, ["block"]],
        ["10.1.0.0", 112, 443, ["allow"]],
      ],
    );
  });

  test("what is tried is marked as tried", () => {
    const { compiled } = compileRules(
      [own({ calls: [{ call: "mount" }], capabilities: [{ capability: "SYS_ADMIN" }] })],
      "dry",
      needs(),
    );
    assert.deepEqual(
      compiled.points.map((point) => [point.class, point.choices[0]?.action]),
      [
        ["capability", "dry"],
        ["call", "dry"],
      ],
    );
    assert.equal(compiled.points.find((point) => point.class === "capability")?.number, 21);
  });

  test("connections of some programs only cannot be compiled: they must not become everybody's", () => {
    const { compiled } = compileRules([own({ network: [{ port: 22, fromSource: ["/bin/a"] }] })], "block", needs());
    assert.deepEqual(compiled.addresses, []);
  });
});
