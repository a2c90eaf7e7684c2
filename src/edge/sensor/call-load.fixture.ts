// For the bench: makes one system call over and over and says what that cost. Arguments: open | unrelated, how often, path.
import koffi from "koffi";

const [what = "open", times = "1000", path = "/etc/hostname"] = process.argv.slice(2);
const library = koffi.load("libc.so.6");
const open = library.func("int open(str, int)");
const close = library.func("int close(int)");
const getppid = library.func("int getppid()");
const count = Number(times);

function turn(rounds: number): void {
  if (what === "open") for (let round = 0; round < rounds; round += 1) close(open(path, 0));
  else for (let round = 0; round < rounds; round += 1) getppid();
}

// Warm: what is compiled late must not count for one side only.
turn(Math.min(count, 20_000));
const before = process.cpuUsage();
turn(count);
const { user, system } = process.cpuUsage(before);
process.stdout.write(JSON.stringify({ count, cpuUs: user + system }));
