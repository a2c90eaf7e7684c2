// For tests of the whole gateway: small rules in a folder, an upstream, the gateway in this process, and how to ask it.
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { silentLogger } from "../../base/logger.ts";
import type { Loose } from "./envoy/envoy-client.fixture.ts";
import { runGateway } from "./main.ts";

export const smallRules = `
SecRequestBodyAccess On
SecRule ARGS "@contains attack" "id:1001,phase:2,deny,status:403,log,msg:'attack in an argument',severity:2"
`;

export interface RunningGateway {
  readonly folder: string;
  readonly rulesFile: string;
  readonly addresses: Readonly<Record<string, string>>;
  readonly notices: readonly string[];
  /** As SIGHUP does. */
  hangup(): void;
  ask(
    target: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly body: string }>;
  status(): Promise<Record<string, Loose>>;
  text(path: string): Promise<string>;
  close(): Promise<void>;
}

/** `config` over a proxy before an upstream that answers "fine". */
export async function startGateway(config: object, rules = smallRules): Promise<RunningGateway> {
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-gateway-"));
  const rulesFile = path.join(folder, "rules", "rules.conf");
  mkdirSync(path.dirname(rulesFile));
  writeFileSync(rulesFile, rules);
  const upstream = createServer((request, answer) => {
    request.resume();
    request.on("end", () => answer.end("fine"));
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const stop = new AbortController();
  const notices: string[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  let hangup: () => void = () => undefined;
  const started = Promise.withResolvers<Readonly<Record<string, string>>>();
  const running = runGateway(
    {
      rules: [path.dirname(rulesFile)],
      listen: "127.0.0.1:0",
      upstream: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
      status: "127.0.0.1:0",
      mode: "block",
      watchSeconds: 0,
      drainSeconds: 1,
      ...config,
    },
    {
      logger: silentLogger,
      signal: stop.signal,
      ready: ({ addresses, notices: lines }) => {
        notices.push(...lines);
        started.resolve(addresses);
      },
      notice: (line) => notices.push(line),
      onHangup: (look) => {
        hangup = look;
      },
    },
  );
  const endUpstream = (): void => {
    upstream.close();
    upstream.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  };
  running.catch((error: unknown) => {
    endUpstream();
    started.reject(error);
  });
  const addresses = await started.promise;
  const get = asker(agent);
  return {
    folder,
    rulesFile,
    addresses,
    notices,
    hangup: () => hangup(),
    ask: (target, headers) => get(`http://${addresses["proxy"]}`, target, headers),
    text: async (target) => (await get(addresses["status"] ?? "", target)).body,
    status: async () => JSON.parse((await get(addresses["status"] ?? "", "/")).body) as Record<string, Loose>,
    async close() {
      agent.destroy();
      stop.abort();
      await running;
      endUpstream();
    },
  };
}

function asker(agent: Agent) {
  return async (base: string, target: string, headers: Readonly<Record<string, string>> = {}) => {
    const request = httpRequest(new URL(base), { agent, path: target, headers });
    request.end();
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    let body = "";
    for await (const chunk of answer) body += (chunk as Buffer).toString("latin1");
    return { status: answer.statusCode ?? 0, body };
  };
}

/** Waits until it holds; throws with the last value when it never does. */
export async function until<T>(look: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> {
  for (let turn = 0; ; turn += 1) {
    const value = await look();
    if (holds(value)) return value;
    if (turn > 1000) throw new Error(`never came true: ${JSON.stringify(value)?.slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
