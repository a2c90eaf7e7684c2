// Runs a program that has no file: /bin/true copied into anonymous memory (memfd_create) and executed from there.
import { spawnSync } from "node:child_process";
import { readFileSync, writeSync } from "node:fs";
import koffi from "koffi";

const libc = koffi.load("libc.so.6");
const memory = libc.func("int memfd_create(str, uint32_t)")("nowhere", 0) as number;
writeSync(memory, readFileSync("/bin/true"));
const { status } = spawnSync(`/proc/${process.pid}/fd/${memory}`, [], { argv0: "true-from-memory" });
process.exitCode = status ?? 1;
