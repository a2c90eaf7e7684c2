// The tables of calls: their numbers are those that the kernel programs know by name, and every watched call is told by something.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileDeeds, watchedCalls } from "../../core/sense/deed-events.ts";
import { deedPrograms, fileCalls, tellingCalls } from "./deed-programs.ts";
import { kindNames } from "./descriptor-kinds.ts";
import { deedNumber, descriptorKind, fileCallNumber, watchedNumber } from "./layout.gen.ts";

const plain = (name: string): string => name.replaceAll(/[^a-z0-9]/gi, "").toLowerCase();

const tables: readonly [name: string, numbers: Readonly<Record<string, number>>, names: readonly string[]][] = [
  ["deeds", deedNumber, fileDeeds],
  ["watched calls", watchedNumber, watchedCalls],
  ["calls on files", fileCallNumber, fileCalls],
  ["descriptors", descriptorKind, kindNames.map((kind) => kind ?? "none")],
];
for (const [name, numbers, names] of tables) {
  test(`numbers of ${name} that programs know are those of the list`, () => {
    for (const [known, number] of Object.entries(numbers)) assert.equal(plain(names[number] ?? ""), plain(known));
  });
}

test("every watched call and every deed is told by a tracepoint", () => {
  const told = tellingCalls();
  for (const call of watchedCalls) assert.ok((told.get(call)?.length ?? 0) > 0, call);
  const cookies = deedPrograms
    .filter(({ name }) => name.startsWith("on_file"))
    .flatMap(({ points }) => points ?? [])
    .map(({ cookie }) => Number((cookie >> 8n) & 255n));
  for (const [number, deed] of fileDeeds.entries()) assert.ok(cookies.includes(number), deed);
});

test("no two tracepoints of a program have one name, and every cookie is a u64", () => {
  for (const { name, points = [] } of deedPrograms) {
    assert.equal(new Set(points.map(({ point }) => point)).size, points.length, name);
    for (const { cookie } of points) assert.ok(cookie > -1n && cookie < 2n ** 64n);
  }
});

// openat(0: folder, 1: path, 2: flags, 3: mode); rename's second path; what symlink says is no path; accept's descriptor is its result.
const cookies: readonly [point: string, program: string, cookie: bigint][] = [
  ["syscalls/sys_exit_openat", "on_file_opened", 0x32fff10_0000n | 0n],
  ["syscalls/sys_exit_symlink", "on_file_changed", 0x1_fff_0_f_1_f_0000n | (9n << 8n) | 25n],
  ["syscalls/sys_exit_accept4", "on_call", (1n << 32n) | (4n << 26n) | (6n << 20n) | 0xfff00n | 3n],
];
for (const [point, program, cookie] of cookies) {
  test(`the cookie of ${point}`, () => {
    const found = deedPrograms.find(({ name }) => name === program)?.points?.find((use) => use.point === point);
    assert.equal(found?.cookie.toString(16), cookie.toString(16));
  });
}
