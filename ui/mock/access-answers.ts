// The mock's tokens and settings: changes are kept while it runs.
import type { Asked } from "./asked.ts";
import { Refusal } from "./refusal.ts";

interface Kept {
  readonly id: string;
}

const joinTokens: Kept[] = [];
const apiTokens: Kept[] = [];
export const revokedNodes = new Set<string>();

function remove(from: Kept[], what: string, id: string | undefined): object {
  const index = from.findIndex((each) => each.id === id);
  if (index < 0) throw new Refusal(`there is no ${what} ${id}`, { code: "server/not-found", kind: "not-found" });
  from.splice(index, 1);
  return {};
}

function createJoinToken({ nowMs, body }: Asked) {
  const info = {
    id: `j${joinTokens.length + 1}`,
    cluster: (body as { cluster: string }).cluster,
    createdAt: iso(nowMs),
    expiresAt: iso(nowMs + 3_600_000),
    usesLeft: 1,
    author: "admin",
  };
  joinTokens.push(info);
  return { token: "gj1.mockmockmockmockmockmockmock", info };
}

function createToken({ nowMs, body }: Asked) {
  const { name, role, expiresInSeconds } = body as { name: string; role: string; expiresInSeconds?: number };
  const token = {
    id: `t${apiTokens.length + 1}`,
    name,
    role,
    user: "admin",
    createdAt: iso(nowMs),
    ...(expiresInSeconds === undefined ? {} : { expiresAt: iso(nowMs + expiresInSeconds * 1000) }),
  };
  apiTokens.push(token);
  return { token, secret: "gt1.mockmockmockmockmockmockmockmock" };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

export const accessAnswers = {
  listTokens: () => ({ tokens: apiTokens }),
  createToken,
  deleteToken: ({ params }: Asked) => remove(apiTokens, "API token", params["id"]),
  listJoinTokens: () => ({ tokens: joinTokens }),
  createJoinToken,
  deleteJoinToken: ({ params }: Asked) => remove(joinTokens, "join token", params["id"]),
  revokeAgent: ({ params }: Asked) => {
    revokedNodes.add(params["node"] ?? "");
    return {};
  },
};
