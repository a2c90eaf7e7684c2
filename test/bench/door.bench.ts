// What the agents' door costs: flows per CPU-second of the server process from TLS to durable in its spool, the store left out. The agent
// is a process of its own and its CPU is not counted. Prints figures per block size; never part of a test's pass or fail.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ClientHttp2Session } from "node:http2";
import { connect } from "node:http2";
import { sealBlock } from "../../src/edge/blocks/seal-block.ts";
import type { Credentials } from "../../src/edge/uplink/credentials.ts";
import { bootOf, doorWorld, rowOf, sendBlock } from "../support/agents-door.ts";

interface ClientTask {
  readonly url: string;
  readonly credentials: Credentials;
  readonly blocks: number;
  readonly rows: number;
}

const window = 8;
const shapes = [
  { rows: 100, blocks: 2000 },
  { rows: 1000, blocks: 500 },
  { rows: 10_000, blocks: 60 },
] as const;

if (process.argv[2] === undefined) await measure();
else await send(JSON.parse(process.argv[2]) as ClientTask);

async function measure(): Promise<void> {
  console.log("rows/block  flows/s  flows per CPU-second of the server  ms CPU per block");
  for (const { rows, blocks } of shapes) {
    await using world = await doorWorld();
    const task: ClientTask = { url: world.url.href, credentials: await world.joinNode("bench"), blocks, rows };
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(task)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    child.stdin.end("go\n");
    await once(child, "close");
    const { user, system } = process.cpuUsage(cpuBefore);
    const cpuSeconds = (user + system) / 1e6;
    const perSecond = (rows * blocks) / ((performance.now() - startedAt) / 1000);
    const perCpu = (rows * blocks) / cpuSeconds;
    const msPerBlock = ((cpuSeconds * 1000) / blocks).toFixed(2);
    console.log(`${rows}  ${Math.round(perSecond)}  ${Math.round(perCpu)}  ${msPerBlock}`);
  }
}

async function send({ url, credentials, blocks, rows }: ClientTask): Promise<void> {
  const { caPem, keyPem, certificatePem } = credentials;
  const session: ClientHttp2Session = connect(url, { ca: caPem, key: keyPem, cert: certificatePem });
  const sealed = Array.from({ length: blocks }, (_, i) =>
    sealBlock("flows", flowRows(rows, i), { boot: bootOf("bench"), sequence: i + 1 }),
  );
  process.stdout.write("ready\n");
  await once(process.stdin, "data");
  let next = 0;
  await Promise.all(
    Array.from({ length: window }, async () => {
      for (let block = sealed[next++]; block !== undefined; block = sealed[next++]) {
        const { status, text } = await sendBlock(session, block);
        if (status !== 200) throw new Error(text);
      }
    }),
  );
  session.destroy();
}

/** Flows of a hundred workloads with varied counters, so that compression finds what it finds in life. */
function flowRows(count: number, seed: number): ReturnType<typeof rowOf<"flows">>[] {
  const time = Date.now();
  return Array.from({ length: count }, (_, i) => {
    const n = (seed * 7919 + i * 104_729) % 1_000_003;
    const workload = `workload-${n % 100}`;
    return rowOf("flows", {
      time: time - (n % 15_000),
      sourceWorkload: workload,
      sourcePod: `${workload}-${n % 7}`,
      bytesSent: n,
      bytesReceived: n * 3,
    });
  });
}
