// What the tests of pulling share: two registries of this process, one that is asked and one that is not listed, and looks at images and faults.
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, beforeEach } from "node:test";
import { inspect } from "node:util";
import { scriptedRegistry, type SeenRequest } from "../../../../test/support/scripted-registry.ts";
import { tarOf } from "../../../../test/support/tar.ts";
import { Fault } from "../../../base/fault.ts";
import type { LayeredImage } from "../image-source.ts";
import { openImage } from "../open-image.ts";
import { basicCredential, type Credential } from "./credentials.ts";
import type { RegistryOptions } from "./options.ts";

export const registry = await scriptedRegistry();
export const other = await scriptedRegistry();
const sources: AsyncDisposable[] = [];
after(async () => {
  for (const source of sources) await source[Symbol.asyncDispose]();
  await registry.close();
  await other.close();
});
export const pauses: number[] = [];
beforeEach(() => {
  for (const each of [registry, other]) {
    each.tricks.length = 0;
    each.seen.length = 0;
  }
  pauses.length = 0;
});

export const secret = "hunter2-very-secret";
export const login = { find: async (): Promise<Credential> => basicCredential("ann", secret) };
export const layer = tarOf([{ path: "etc/os-release", body: "ID=debian\n" }]);

/** No attempt of a slow machine is given up. */
export const patient = { idleMs: 60_000, answerMs: 60_000, connectMs: 60_000, slowMs: 60_000 };

export function optionsOf(more: RegistryOptions = {}): RegistryOptions {
  return {
    hosts: { [registry.host]: { scheme: "http" } },
    sleep: async (ms) => void pauses.push(ms),
    random: () => 1,
    limits: patient,
    ...more,
  };
}

export async function pull(name = "shop/web:1", options = optionsOf(), platform?: string): Promise<LayeredImage> {
  const at = name.includes("127.0.0.1") ? name : `${registry.host}/${name}`;
  const source = await openImage(
    { kind: "registry", reference: at },
    { registry: options, ...(platform === undefined ? {} : { platform }) },
  );
  sources.push(source);
  assert.ok(source.kind === "layers");
  return source;
}

export async function contentOf(image: LayeredImage, index = 0): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await image.layers[index]!.open(new AbortController().signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function fault(work: Promise<unknown>, code: string, message = /./): Promise<Fault> {
  let found: Fault | undefined;
  await assert.rejects(work, (thrown) => {
    found = thrown as Fault;
    if (!(thrown instanceof Fault)) throw thrown as Error;
    const all = `${thrown.message} | ${thrown.hint ?? ""}`;
    assert.equal(thrown.code, code, all);
    assert.match(all, message);
    return true;
  });
  assert.ok(!inspect(found, { depth: 10, showHidden: true }).includes(secret), "a credential is in a fault");
  return found!;
}

export const answering =
  (status: number, headers: Record<string, string> = {}, body = "") =>
  (where: RegExp, times = Infinity) => {
    let left = times;
    return (request: SeenRequest, response: ServerResponse): boolean => {
      if (!where.test(request.url) || left-- <= 0) return false;
      response.writeHead(status, headers).end(body);
      return true;
    };
  };
