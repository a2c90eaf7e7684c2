// Tools of the system that this room uses when they are there: dpkg-deb, xz, gpgv, apt-get. No shell, bounded output, a time limit.
import { spawn } from "node:child_process";
import { Fault } from "../../../base/fault.ts";

export interface ToolResult {
  readonly status: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** The tool is not installed. */
  readonly isMissing: boolean;
}

export interface ToolOptions {
  readonly cwd?: string;
  readonly input?: Uint8Array;
  readonly bytesMax?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const bytesMaxDefault = 512 * 2 ** 20;

/** Ends when the tool does; throws when it says more than `bytesMax` or takes longer than `timeoutMs`. */
export async function runTool(tool: string, args: readonly string[], options: ToolOptions = {}): Promise<ToolResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ToolResult>();
  const child = spawn(tool, args, {
    cwd: options.cwd,
    stdio: ["pipe", "pipe", "pipe"],
    timeout: options.timeoutMs ?? 300_000,
    env: {
      PATH: process.env["PATH"],
      LC_ALL: "C",
      ...(process.env["http_proxy"] === undefined ? {} : { http_proxy: process.env["http_proxy"] }),
    },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const pieces: Buffer[] = [];
  let [length, stderr] = [0, ""];
  child.stdout.on("data", (piece: Buffer) => {
    length += piece.length;
    if (length > (options.bytesMax ?? bytesMaxDefault)) {
      child.kill("SIGKILL");
      reject(new Fault(`${tool} gave more than it should`, { code: "advisories/tool-output", kind: "too-large" }));
    } else pieces.push(piece);
  });
  child.stderr.on("data", (piece: Buffer) => {
    if (stderr.length < 4096) stderr += piece.toString("utf8");
  });
  child.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") resolve({ status: undefined, stdout: Buffer.alloc(0), stderr: "", isMissing: true });
    else reject(error);
  });
  child.on("close", (status) =>
    resolve({ status: status ?? undefined, stdout: Buffer.concat(pieces), stderr, isMissing: false }),
  );
  // A tool that ends before it has read everything says so by its status.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input);
  return promise;
}
