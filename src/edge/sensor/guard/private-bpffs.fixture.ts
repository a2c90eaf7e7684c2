// Shared by tests of pinned links: a bpffs of the test's own in a mount namespace of the test's own. Nothing is ever pinned on the machine's.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface PrivateBpffs extends Disposable {
  /** As this process reaches it. */
  readonly seen: string;
  /** As processes of the namespace do. */
  readonly path: string;
  run(command: readonly string[]): ChildProcess;
}

/** The namespace, and with it the mount and all names in it, lives as long as the keeper. */
export async function privateBpffs(): Promise<PrivateBpffs> {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "garrison-bpffs-")));
  const script = `mount -t bpf bpf "$0" && echo ready && exec cat`;
  const keeper = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", script, path]);
  await said(keeper, "ready");
  const namespace = `/proc/${keeper.pid ?? 0}/ns/mnt`;
  return {
    path,
    seen: `/proc/${keeper.pid ?? 0}/root${path}`,
    run: ([command = "", ...rest]) => spawn("nsenter", [`--mount=${namespace}`, command, ...rest]),
    [Symbol.dispose]: () => {
      keeper.kill("SIGKILL");
      rmSync(path, { recursive: true });
    },
  };
}

/** Waits until the child wrote the word; fails with what it wrote when it ends before. */
export async function said(child: ChildProcess, word: string): Promise<void> {
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  const ended = new Promise<"ended">((done) => child.once("close", () => done("ended")));
  for (;;) {
    if (output.includes(word)) return;
    if ((await Promise.race([ended, sleep(20)])) === "ended" && !output.includes(word))
      assert.fail(`it ended and never said "${word}": ${output}`);
  }
}
