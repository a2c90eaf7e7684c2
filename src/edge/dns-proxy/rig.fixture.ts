// A server, a proxy before it and a policy for one client, on loopback: where a client meant to go is told by a table instead of connection tracking.
import assert from "node:assert/strict";
import {
  askByUdp,
  encodeDns,
  encodeQuestion,
  openDnsServer,
  type ServerQuestion,
} from "../../../test/support/dns-server.ts";
import type { Fault } from "../../base/fault.ts";
import type { FillChange } from "../../core/policy/dns/name-book.ts";
import { createNamePolicy, type NameSettings } from "../../core/policy/dns/name-policy.ts";
import { readAnswer, type AnswerMessage } from "../../core/policy/dns/wire.ts";
import { createDnsProxy, type ProxyLookup } from "./dns-proxy.ts";
import type { DnsProxyLimits } from "./limits.ts";

export const client = "127.0.0.1";
const settings: NameSettings = {
  ttlSecondsMin: 60,
  addressesPerNameMax: 50,
  namesPerClientMax: 500,
  privateAllowed: [],
};

export interface RigOptions {
  readonly answer: (question: ServerQuestion) => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  readonly settings?: Partial<NameSettings>;
  readonly limits?: Partial<DnsProxyLimits>;
  readonly program?: (change: FillChange) => void;
  /** Where clients meant to go; default: the server. */
  readonly original?: () => { address: string; port: number } | undefined;
  readonly upstreams?: readonly string[];
  readonly clients?: readonly string[];
  /** Where server, proxy and client are; default 127.0.0.1. */
  readonly address?: string;
}

/** A server, a proxy before it and a policy for one client: *.example.com. */
export async function openRig(options: RigOptions) {
  const address = options.address ?? client;
  const server = await openDnsServer(address, options.answer);
  const at = { address, port: server.port };
  const policy = createNamePolicy();
  const steps: string[] = [];
  const elements = new Map<string, number>();
  const lookups: ProxyLookup[] = [];
  const troubles: Fault[] = [];
  policy.know(
    {
      sets: [{ set4: "gr_dom4_x", set6: "gr_dom6_x", names: ["*.example.com"], clients: ["pod/shop/web"] }],
      clients: [{ id: "pod/shop/web", addresses: options.clients ?? [address] }],
      clusterRanges: ["203.0.113.0/24"],
      upstreams: options.upstreams ?? [`${address.includes(":") ? `[${address}]` : address}:${server.port}`],
      settings: { ...settings, ...options.settings },
    },
    0,
  );
  let id = 40_000;
  const proxy = createDnsProxy({
    port: 0,
    policy,
    originalOf: () => (options.original === undefined ? at : options.original()),
    program: (change) => {
      options.program?.(change);
      steps.push("program");
      for (const { set, elements: removed } of change.remove)
        for (const { key } of removed) elements.delete(`${set} ${key.map(String).join(" ")}`);
      for (const { set, elements: added } of change.add) {
        for (const { key, timeoutMs } of added) elements.set(`${set} ${key.map(String).join(" ")}`, timeoutMs ?? 0);
      }
    },
    monotonicMs: () => performance.now(),
    randomId: () => (id += 1),
    onLookup: (lookup) => {
      lookups.push(lookup);
      steps.push("told");
    },
    onTrouble: (fault) => troubles.push(fault),
    limits: { attemptMs: 300, tcpAttemptMs: 1000, ...options.limits },
  });
  await proxy.listen([address]);
  const to = { address, port: proxy.port, waitMs: 60_000 };
  return {
    server,
    proxy,
    policy,
    steps,
    elements,
    lookups,
    troubles,
    to,
    ask: async (name: string, type = 1, udpLength?: number): Promise<AnswerMessage> => {
      const bytes = await askByUdp(
        encodeQuestion(name, { type, ...(udpLength === undefined ? {} : { udpLength }) }),
        to,
      );
      assert.ok(bytes, `no answer for ${name}`);
      const answer = readAnswer(bytes);
      assert.ok(answer.ok);
      assert.equal(answer.id, 7, "the client's own id comes back");
      return answer;
    },
    [Symbol.asyncDispose]: async () => {
      await proxy.close();
      await server.close();
    },
  };
}

/** The server's answer to a question, with what differs. */
export const echo = (question: ServerQuestion, more: Partial<Parameters<typeof encodeDns>[0]>) =>
  encodeDns({ id: question.id, question: question.name, type: question.type, ...more });

/** Waits for what the proxy does after the one who asks has given up. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 12_000 && !isSo(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 5));
}
