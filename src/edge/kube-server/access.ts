// Who asks, and may they? Users are given at the start: a token, and rules as in RBAC. Nothing is allowed that no rule names.
import { createHash, timingSafeEqual } from "node:crypto";
import { forbidden, StatusError, unauthorized } from "./status.ts";

export interface AccessRule {
  /** "" is the core group; "*" every group. */
  readonly groups: readonly string[];
  /** Plural names, "pods/status" for sub-resources; "*" every one. */
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Absent: the whole cluster. */
  readonly namespaces?: readonly string[];
}

export interface ServerUser {
  readonly name: string;
  /** Absent: the user exists only to be impersonated. */
  readonly token?: string;
  readonly rules: readonly AccessRule[];
}

export const everything: readonly AccessRule[] = [{ groups: ["*"], resources: ["*"], verbs: ["*"] }];

export interface Access {
  /** The user of a request. Throws 401 for a wrong token, 403 for an impersonation that is not allowed. */
  userOf(headers: {
    readonly authorization?: string | undefined;
    readonly impersonate?: string | undefined;
  }): ServerUser;
  /** Replaces a user's rules, as when rights are revoked in mid-watch. */
  setRules(user: string, rules: readonly AccessRule[]): void;
  allows(user: ServerUser, attempt: AccessAttempt): boolean;
  /** Throws 403. */
  check(user: ServerUser, attempt: AccessAttempt): void;
}

export interface AccessAttempt {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string;
  readonly namespace: string;
}

const anonymous: ServerUser = { name: "system:anonymous", rules: [] };

export function createAccess(users: readonly ServerUser[]): Access {
  const byName = new Map(users.map((user) => [user.name, user]));

  function byToken(token: string): ServerUser {
    const given = digest(token);
    for (const user of byName.values())
      if (user.token !== undefined && timingSafeEqual(digest(user.token), given)) return user;
    throw unauthorized;
  }

  function allows(user: ServerUser, attempt: AccessAttempt): boolean {
    // By name: the rules may have changed since the request began.
    const { rules } = byName.get(user.name) ?? user;
    return rules.some(
      (rule) =>
        has(rule.groups, attempt.group) &&
        has(rule.resources, attempt.resource) &&
        has(rule.verbs, attempt.verb) &&
        (rule.namespaces === undefined || rule.namespaces.includes(attempt.namespace)),
    );
  }

  function check(user: ServerUser, attempt: AccessAttempt): void {
    if (!allows(user, attempt)) throw forbidden({ user: user.name, ...attempt });
  }

  return {
    allows,
    check,
    setRules(name, rules) {
      const user = byName.get(name);
      if (user === undefined) throw new Error(`no user ${name}`);
      byName.set(name, { ...user, rules });
    },
    userOf({ authorization, impersonate }) {
      const bearer = /^Bearer (.{1,4096})$/i.exec(authorization ?? "")?.[1];
      if (authorization !== undefined && bearer === undefined) throw unauthorized;
      const user = bearer === undefined ? anonymous : byToken(bearer);
      if (impersonate === undefined) return user;
      const kind = impersonate.startsWith("system:serviceaccount:") ? "serviceaccounts" : "users";
      const name = kind === "users" ? impersonate : (impersonate.split(":")[3] ?? "");
      const namespace = kind === "users" ? "" : (impersonate.split(":")[2] ?? "");
      check(user, { verb: "impersonate", group: "", resource: kind, name, namespace });
      if (impersonate.length > 253) throw new StatusError(400, "BadRequest", "the impersonated name is too long");
      return byName.get(impersonate) ?? { name: impersonate, rules: [] };
    },
  };
}

function has(list: readonly string[], value: string): boolean {
  return list.includes("*") || list.includes(value);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
