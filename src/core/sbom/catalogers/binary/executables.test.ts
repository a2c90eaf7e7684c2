// Programs: real ones of Go's compiler for several systems, made ones for what no compiler here writes, and broken ones.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { deflateSync } from "node:zlib";
import * as fc from "fast-check";
import { catalog, catalogFile, catalogTools } from "../../../../../test/support/catalog-file.ts";
import { elfFile, type ElfOptions } from "../../../../../test/support/elf-file.ts";
import { skipUnless } from "../../../../../test/support/skip.ts";
import { Fault } from "../../../../base/fault.ts";
import { executableCataloger, splitModulePath } from "./executables.ts";
import { goMagic } from "./go-build-info.ts";
import { readNoteJson } from "./package-note.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const marked = (modules: string): string => `${"0".repeat(16)}${modules}\n${"1".repeat(16)}`;

function rowsOf(bytes: Uint8Array): string[] {
  const { packages } = catalog(executableCataloger, [catalogFile("usr/bin/tool", bytes, 0o755)]);
  return packages.map(
    ({ type, namespace, name, version, scope }) => `${type} ${namespace}/${name}@${version} ${scope}`,
  );
}

/** The inline form: two strings with their lengths as varints. */
function inlineInfo(version: string, modules: string): Uint8Array {
  const strings = [version, marked(modules)].map((value) => {
    const bytes = text(value);
    const length: number[] = [];
    let left = bytes.length;
    for (; left >= 128; left = Math.floor(left / 128)) length.push((left % 128) + 128);
    return [...length, left, ...bytes];
  });
  const header = Buffer.alloc(32);
  header.write(goMagic, 0, "latin1");
  header[14] = 8;
  header[15] = 2;
  return Uint8Array.from([...header, ...strings.flat()]);
}

const modules = [
  "path\texample.org/team/tool/cmd/tool",
  "mod\texample.org/team/tool\tv1.4.0\th1:abc=",
  "dep\tgithub.com/gin-gonic/gin\tv1.9.1\th1:abc=",
  "dep\texample.org/old\tv1.0.0",
  "=>\texample.org/new/fork\tv1.0.5\th1:abc=",
  "dep\texample.org/local\tv0.3.0",
  "=>\t./local\t",
  "build\t-compiler=gc",
  "build\tGOARCH=amd64",
].join("\n");

const rows = [
  "golang example.org/team/tool@v1.4.0 installed",
  "golang github.com/gin-gonic/gin@v1.9.1 installed",
  "golang example.org/new/fork@v1.0.5 installed",
  "golang example.org/local@ installed",
  "golang /stdlib@1.21.3 installed",
];

describe("Go build information", () => {
  test("inline, with replaced modules", () => {
    assert.deepEqual(
      rowsOf(elfFile([{ name: ".go.buildinfo", bytes: inlineInfo("go1.21.3 X:boringcrypto", modules) }])),
      rows,
    );
  });
  const classes: ElfOptions[] = [true, false].flatMap((is64) =>
    [true, false].map((isLittleEndian) => ({ is64, isLittleEndian })),
  );
  for (const options of classes) {
    test(`by pointers, as before Go 1.18: ${options.is64 ? 64 : 32} bits, ${options.isLittleEndian ? "little" : "big"} endian`, () => {
      const bytes = elfFile(
        [
          { name: ".data", bytes: (address) => pointedStrings(address, options) },
          { name: ".go.buildinfo", bytes: (address) => pointerInfo(address, options) },
        ],
        options,
      );
      assert.deepEqual(rowsOf(bytes), rows);
    });
  }
  test("a stripped program: no sections, found by its magic", () => {
    const bytes = elfFile([{ name: ".go.buildinfo", bytes: inlineInfo("go1.21.3", modules) }]);
    bytes.fill(0, 40, 48);
    assert.deepEqual(rowsOf(bytes), rows);
  });
  test("windows of a large file", () => {
    const info = inlineInfo("go1.21.3", modules);
    const file = {
      ...catalogFile("usr/bin/kubelet", "", 0o755),
      large: {
        sizeBytes: 1e9,
        windows: [
          { offset: 5, bytes: text(goMagic) },
          { offset: 5e8, bytes: info },
        ],
      },
    };
    const part = executableCataloger.read(file, catalogTools);
    const { packages } = executableCataloger.combine([{ path: file.path, layer: 3, part }], {
      operatingSystem: undefined,
      has: () => true,
    });
    assert.equal(packages.length, rows.length);
    assert.deepEqual(packages[0]?.evidence, [{ path: "/usr/bin/kubelet", layer: 3, line: 0, kind: "binary" }]);
  });
  test("a large file that evidently is a Go or Rust program and cannot be read is a gap; one that only speaks of them is not", () => {
    const header = (pointerBytes: number, flags: number): Uint8Array => {
      const bytes = new Uint8Array(64);
      bytes.set(Buffer.from(goMagic, "latin1"));
      bytes.set([pointerBytes, flags], 14);
      return bytes;
    };
    const gapsOf = (offset: number, bytes: Uint8Array): readonly string[] => {
      const file = { ...catalogFile("usr/bin/x", "", 0o755), large: { sizeBytes: 1e9, windows: [{ offset, bytes }] } };
      const part = executableCataloger.read(file, catalogTools);
      if (part === undefined) return [];
      const context = { operatingSystem: undefined, has: () => true };
      const { gaps = [] } = executableCataloger.combine([{ path: file.path, layer: 3, part }], context);
      return gaps.map(({ kind, subject, because }) => `${kind} ${subject} ${because.slice(0, 21)}`);
    };
    assert.deepEqual(gapsOf(4096, header(8, 0)), ["file-too-large /usr/bin/x the modules of a Go p"]);
    assert.deepEqual(gapsOf(4096, header(4, 1)), ["file-too-large /usr/bin/x the modules of a Go p"]);
    assert.deepEqual(gapsOf(4097, header(8, 0)), [], "not where the linker puts it");
    assert.deepEqual(gapsOf(4096, header(0x63, 0x6f)), [], "a text in a program that reads such headers");
    assert.deepEqual(gapsOf(4096, text("\0.dep-v0\0.bss\0")), ["file-too-large /usr/bin/x the crates of a Rust "]);
    assert.deepEqual(gapsOf(4096, text("reads .dep-v0 sections")), []);
  });
  test("module paths", () => {
    assert.deepEqual(splitModulePath("gopkg.in/yaml.v3"), { namespace: "gopkg.in", name: "yaml.v3" });
    assert.deepEqual(splitModulePath("stdlib"), { namespace: "", name: "stdlib" });
  });
});

const strings = ["go1.21.3", marked(modules)];

/** Two string headers at the start, then the strings. */
function pointedStrings(address: number, options: ElfOptions): Uint8Array {
  const width = options.is64 ? 8 : 4;
  const bytes = new Uint8Array(width * 4 + strings.join("").length);
  let at = width * 4;
  for (const [index, value] of strings.entries()) {
    bytes.set(words([address + at, value.length], options), index * 2 * width);
    bytes.set(text(value), at);
    at += value.length;
  }
  return bytes;
}

function pointerInfo(address: number, options: ElfOptions): Uint8Array {
  const width = options.is64 ? 8 : 4;
  // The strings' section is the first one, at offset 256.
  const data = 0x40_0000 + 256;
  assert.ok(address > data);
  const header = Buffer.alloc(32);
  header.write(goMagic, 0, "latin1");
  header[14] = width;
  header[15] = options.isLittleEndian ? 0 : 1;
  header.set(words([data, data + 2 * width], options), 16);
  return header;
}

function words(values: readonly number[], { is64, isLittleEndian }: ElfOptions): Uint8Array {
  const width = is64 ? 8 : 4;
  const view = new DataView(new ArrayBuffer(values.length * width));
  for (const [index, value] of values.entries()) {
    if (is64) view.setBigUint64(index * 8, BigInt(value), isLittleEndian);
    else view.setUint32(index * 4, value, isLittleEndian);
  }
  return new Uint8Array(view.buffer);
}

const work = mkdtempSync(path.join(tmpdir(), "go-test-"));
after(() => rmSync(work, { recursive: true, force: true }));

function buildGo(goos: string, goarch: string, flags: readonly string[]): Buffer {
  mkdirSync(path.join(work, "dep"), { recursive: true });
  writeFileSync(
    path.join(work, "go.mod"),
    "module example.org/team/tool\n\ngo 1.18\n\nrequire example.org/dep v0.3.0\n\nreplace example.org/dep => ./dep\n",
  );
  writeFileSync(
    path.join(work, "main.go"),
    'package main\n\nimport "example.org/dep"\n\nvar version = "none"\n\nfunc main() { println(version, dep.One) }\n',
  );
  writeFileSync(path.join(work, "dep", "go.mod"), "module example.org/dep\n\ngo 1.18\n");
  writeFileSync(path.join(work, "dep", "dep.go"), "package dep\n\nvar One = 1\n");
  const output = path.join(work, `tool-${goos}-${goarch}`);
  const environment = {
    ...process.env,
    GOOS: goos,
    GOARCH: goarch,
    CGO_ENABLED: "0",
    GOFLAGS: "-mod=mod",
    GOPROXY: "off",
    GOTOOLCHAIN: "local",
    GOCACHE: path.join(work, "cache"),
    HOME: work,
  };
  const result = spawnSync("go", ["build", ...flags, "-o", output, "."], {
    cwd: work,
    env: environment,
    encoding: "utf8",
  });
  if (result.status !== 0) throw new Error(result.stderr);
  return readFileSync(output);
}

describe("programs of Go's compiler", () => {
  const go = spawnSync("go", ["version"], { encoding: "utf8" });
  const toolchain = /go version go(\S+)/.exec(go.stdout ?? "")?.[1];
  const expected = [
    "golang example.org/team/tool@v1.2.3 installed",
    "golang example.org/dep@ installed",
    `golang /stdlib@${toolchain} installed`,
  ];
  const flags = ["-buildvcs=false", "-ldflags", "-s -w -X main.version=1.2.3"];
  for (const [goos, goarch] of [
    ["linux", "s390x"],
    ["windows", "amd64"],
    ["darwin", "arm64"],
  ] as const) {
    test(`${goos}/${goarch}`, (context) => {
      if (!skipUnless(context, toolchain !== undefined, "go (apt: golang-go)")) return;
      const bytes = buildGo(goos, goarch, flags);
      assert.deepEqual(rowsOf(bytes), expected);
      if (goos === "darwin") assert.deepEqual(rowsOf(fatFile([bytes, bytes])), expected);
    });
  }
});

function fatFile(programs: readonly Uint8Array[]): Uint8Array {
  const size = programs.reduce((sum, program) => sum + program.length, 0);
  const file = Buffer.alloc(4096 + size);
  file.writeUInt32BE(0xcafebabe, 0);
  file.writeUInt32BE(programs.length, 4);
  let offset = 4096;
  for (const [index, program] of programs.entries()) {
    file.writeUInt32BE(offset, 8 + index * 20 + 8);
    file.writeUInt32BE(program.length, 8 + index * 20 + 12);
    file.set(program, offset);
    offset += program.length;
  }
  return file;
}

const crates = {
  packages: [
    { name: "tool", version: "0.1.0", source: "local", root: true, dependencies: [1, 2] },
    { name: "serde", version: "1.0.147", source: "crates.io" },
    { name: "cc", version: "1.0.0", source: "crates.io", kind: "build" },
    { name: "bad\u0007", version: "1" },
    { name: "no-version" },
    7,
  ],
};

describe("auditable Rust", () => {
  test("crates, those of the build as development", () => {
    const bytes = elfFile([{ name: ".dep-v0", bytes: deflateSync(JSON.stringify(crates)) }]);
    assert.deepEqual(rowsOf(bytes), [
      "cargo /tool@0.1.0 installed",
      "cargo /serde@1.0.147 installed",
      "cargo /cc@1.0.0 development",
    ]);
  });
  test("a list that is no zlib, or grows without end, is a Fault", () => {
    for (const bytes of [text("nothing"), deflateSync(Buffer.alloc(20_000_000))]) {
      const file = catalogFile("a", elfFile([{ name: ".dep-v0", bytes }]), 0o755);
      assert.throws(() => executableCataloger.read(file, catalogTools), Fault);
    }
  });
  test("JSON of another shape has no crates", () => {
    for (const json of ["{}", "[]", "null", "nothing", '{"packages":{}}']) {
      assert.deepEqual(rowsOf(elfFile([{ name: ".dep-v0", bytes: deflateSync(json) }])), []);
    }
  });
});

test("the package that a program says it is part of", () => {
  const json =
    '{"type":"rpm","name":"coreutils","version":"9.4-1.fc40","architecture":"x86_64","os":"fedora","osVersion":"40","osCpe":"cpe:/o:fedoraproject:fedora:40"}';
  const head = Buffer.alloc(16);
  head.writeUInt32LE(4, 0);
  head.writeUInt32LE(json.length + 1, 4);
  head.writeUInt32LE(0xcafe1a7e, 8);
  head.write("FDO\0", 12, "latin1");
  const { packages } = catalog(executableCataloger, [
    catalogFile(
      "opt/ls",
      elfFile([{ name: ".note.package", bytes: Buffer.concat([head, Buffer.from(`${json}\0`)]) }]),
      0o755,
    ),
  ]);
  assert.deepEqual(
    packages.map(({ type, namespace, name, version, architecture, qualifiers, cataloger }) => ({
      type,
      namespace,
      name,
      version,
      architecture,
      qualifiers,
      cataloger,
    })),
    [
      {
        type: "rpm",
        namespace: "fedora",
        name: "coreutils",
        version: "9.4-1.fc40",
        architecture: "x86_64",
        qualifiers: { distro: "fedora-40" },
        cataloger: "binary/note",
      },
    ],
  );
});

test("a builder's own kind of note is a generic package; broken notes are none", () => {
  const own = readNoteJson(
    '{"type":"testfixture","name":"libhello.so","version":"0.01","license":"MIT","cpe":"cpe:2.3:a:x:hello:0.01:*:*:*:*:*:*:*"}',
  );
  assert.deepEqual([own?.type, own?.name, own?.version, own?.license], ["generic", "libhello.so", "0.01", "MIT"]);
  for (const json of ["", "[]", "null", '{"type":"rpm"}', '{"type":"rpm","name":"a\\u0007","version":"1"}'])
    assert.equal(readNoteJson(json), undefined);
});

test("packed programs are a gap", () => {
  const bytes = elfFile([{ name: ".text", bytes: text("UPX!") }]);
  bytes.fill(0, 40, 48);
  const { packages, gaps } = catalog(executableCataloger, [catalogFile("usr/bin/packed", bytes, 0o755)]);
  assert.deepEqual(packages, []);
  assert.deepEqual(
    gaps?.map(({ kind, subject }) => [kind, subject]),
    [["not-supported", "/usr/bin/packed"]],
  );
});

test("flipped and cut programs end in packages or a Fault", () => {
  const note = Buffer.alloc(64);
  note.writeUInt32LE(4, 0);
  const programs = [true, false].flatMap((is64) =>
    [true, false].map((isLittleEndian) =>
      elfFile(
        [
          { name: ".go.buildinfo", bytes: inlineInfo("go1.21.3", modules) },
          { name: ".dep-v0", bytes: deflateSync(JSON.stringify(crates)) },
          { name: ".note.package", bytes: note },
        ],
        { is64, isLittleEndian },
      ),
    ),
  );
  programs.push(fatFile(programs.slice(0, 1)));
  const changes = fc.array(
    fc.tuple(fc.oneof(fc.nat({ max: 64 }), fc.nat({ max: 1200 }), fc.nat()), fc.nat({ max: 255 })),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(fc.nat({ max: programs.length - 1 }), changes, fc.option(fc.nat()), (which, flips, cut) => {
      const bytes = Uint8Array.from(programs[which] ?? []);
      for (const [at, value] of flips) bytes[at % bytes.length] = value;
      const file = catalogFile("a", cut === null ? bytes : bytes.subarray(0, cut % bytes.length), 0o755);
      try {
        executableCataloger.read(file, catalogTools);
      } catch (error) {
        assert.ok(error instanceof Fault, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
