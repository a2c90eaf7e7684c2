// House rules that are run: the import law, sizes, headers, rooms with a README, no path of a machine, no download address.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { importsOf, type Import } from "./imports.ts";
import { coreEdges, edgeEdges, limits, longFiles, shelves, type Shelf } from "./law.ts";
import { functionsOf } from "./functions.ts";

const root = path.resolve(import.meta.dirname, "..");
const listed = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
});
const files = listed.stdout.split("\0").filter((file) => file !== "" && existsSync(path.join(root, file)));
const sources = files.filter((file) => /\.(ts|tsx)$/.test(file) && !file.endsWith(".gen.ts"));

function shelfOf(file: string): Shelf | undefined {
  const [top, shelf] = file.split("/");
  return top === "src" ? shelves.find((name) => name === shelf) : undefined;
}

function roomOf(file: string): string {
  return file.split("/")[2] ?? "";
}

/** Why an import is against the law, or undefined. */
function breach({ file, target, specifier }: Import): string | undefined {
  const pure = ["base", "model", "core"].includes(shelfOf(file) ?? "");
  if (target === undefined) {
    return pure && specifier !== "zod" && !file.endsWith(".test.ts") ? `pure code imports ${specifier}` : undefined;
  }
  if (file.startsWith("ui/") && target.startsWith("src/")) {
    const allowed = target.startsWith("src/model/") || target.startsWith("src/apps/server/contract/");
    return allowed ? undefined : `ui imports ${target}`;
  }
  const from = shelfOf(file);
  const to = shelfOf(target);
  if (from === undefined || to === undefined) return undefined;
  if (shelves.indexOf(to) > shelves.indexOf(from)) return `${from} imports ${to}: ${target}`;
  if (from !== to || roomOf(file) === roomOf(target)) return undefined;
  const ports = ["sense", "store", "state"];
  if (from === "core" && !ports.includes(roomOf(target)) && !coreEdges[roomOf(file)]?.includes(roomOf(target))) {
    return `core/${roomOf(file)} imports core/${roomOf(target)}: not a declared edge (tools/law.ts)`;
  }
  if (from === "edge" && !edgeEdges[roomOf(file)]?.includes(roomOf(target))) {
    return `edge/${roomOf(file)} imports edge/${roomOf(target)}: rooms of edge do not know each other`;
  }
  // The command line talks to the server through the contract, and starts apps by dynamic import.
  const contract = target.startsWith("src/apps/server/contract/");
  if (from === "apps" && !contract && roomOf(file) !== "cli")
    return `apps/${roomOf(file)} imports apps/${roomOf(target)}`;
  return undefined;
}

test("imports follow the law", async () => {
  const all = (await Promise.all(sources.map((file) => importsOf(root, file)))).flat();
  assert.ok(all.length > 50, "the import reader found almost nothing: it is broken");
  const breaches = all.map((item) => [item.file, breach(item)] as const).filter(([, why]) => why !== undefined);
  assert.deepEqual(breaches, []);
});

test("the law bites: forbidden imports are recognised", () => {
  const cases = [
    { file: "src/core/flow/a.ts", target: undefined, specifier: "node:fs" },
    { file: "src/core/flow/a.ts", target: "src/edge/blocks/a.ts", specifier: "" },
    { file: "src/core/redact/a.ts", target: "src/core/flow/a.ts", specifier: "" },
    { file: "src/edge/store/a.ts", target: "src/edge/blocks/a.ts", specifier: "" },
    { file: "src/apps/agent/a.ts", target: "src/apps/server/main.ts", specifier: "" },
    { file: "ui/src/a.ts", target: "src/core/flow/a.ts", specifier: "" },
  ];
  for (const item of cases) assert.ok(breach(item), JSON.stringify(item));
});

test("files and functions keep their size", async () => {
  const tooLong: string[] = [];
  for (const file of sources) {
    const text = await readFile(path.join(root, file), "utf8");
    const lines = text.split("\n").length - 1;
    if (lines > limits.fileLines && !(file in longFiles)) tooLong.push(`${file}: ${lines} lines`);
    if (/\.test\.tsx?$/.test(file) || file.startsWith("test/")) continue;
    for (const found of functionsOf(text)) {
      if (found.lines > limits.functionLines) tooLong.push(`${file}:${found.line} ${found.name}: ${found.lines} lines`);
    }
  }
  assert.deepEqual(tooLong, []);
});

test("every source file opens with what it is for", async () => {
  const silent: string[] = [];
  for (const file of sources) {
    const text = await readFile(path.join(root, file), "utf8");
    if (!/^(#!.*\n)?(\/\/|\/\*)/.test(text) && !file.endsWith(".test.ts") && !file.endsWith(".d.ts")) silent.push(file);
  }
  assert.deepEqual(silent, []);
});

test("every room of core and edge has a README of at most a page", async () => {
  const rooms = new Set(
    files.map((file) => /^src\/(?:core|edge)\/[^/]+(?=\/)/.exec(file)?.[0]).filter((room) => room !== undefined),
  );
  const wrong: string[] = [];
  for (const room of rooms) {
    const readme = path.join(root, room, "README.md");
    if (!existsSync(readme)) wrong.push(`${room}: no README.md`);
    else if ((await readFile(readme, "utf8")).split("\n").length > 90)
      wrong.push(`${room}: README.md over a page (90 lines)`);
  }
  assert.deepEqual(wrong, []);
});

test("nothing names a path of a machine or a package registry, and the lockfile has no download addresses", async () => {
  const wrong: string[] = [];
  const machine = /\/wor[k]\/(?:main|shared|\.library)|\/roo[t]\/|registry\.npm[j]s\.org|deb\.debia[n]\.org/;
  for (const file of files.filter((name) =>
    /\.(ts|tsx|js|cjs|json|md|css|html|c|h|yaml|sh)$|^\.ci\/|Makefile$/.test(name),
  )) {
    const text = await readFile(path.join(root, file), "utf8");
    const hit = machine.exec(text);
    if (hit !== null) wrong.push(`${file}: ${hit[0]}`);
  }
  assert.deepEqual(wrong, []);
});
