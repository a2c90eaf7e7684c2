// Service accounts with limited rights in a test cluster, each with a kubeconfig of its own; rights can be changed and taken away.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { at, createApiClient, type Access, type ApiClient } from "./api-client.ts";
import { kubeconfigText } from "./pki.ts";
import { until } from "./processes.ts";

/** A rule of rbac.authorization.k8s.io/v1. */
export interface PolicyRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

export interface UserWanted {
  /** A DNS label, unique in the cluster. */
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  /** Restricts the rules to one namespace, which must be there; without it they hold in the whole cluster. */
  readonly namespace?: string;
}

export interface LimitedUser {
  readonly kubeconfigPath: string;
  readonly token: string;
  /** "system:serviceaccount:...", as RBAC and the audit log name it. */
  readonly userName: string;
  readonly client: ApiClient;
  /** Replaces the rules; resolves when the API server acts on it. An empty list gives 403 to everything. */
  setRules(rules: readonly PolicyRule[]): Promise<void>;
  /** Takes all rights: 403 from now on. */
  revoke(): Promise<void>;
  /** Deletes the account: 401, after the API server's own cache of tokens (10 s) at the latest. */
  remove(): Promise<void>;
}

export interface UserSurroundings {
  readonly admin: ApiClient;
  readonly access: Access;
  /** Where the kubeconfig is written. */
  readonly folder: string;
}

/** All accounts live here, so that nothing else gets in their way. */
export const accountsNamespace = "garrison-test-users";
const tokenLifeSeconds = 3600 * 6;
const rightsTimeoutMs = 20_000;
const rbac = "/apis/rbac.authorization.k8s.io/v1";

export async function makeUser(wanted: UserWanted, { admin, access, folder }: UserSurroundings): Promise<LimitedUser> {
  const { name, namespace } = wanted;
  await ensureNamespace(admin);
  const accounts = `/api/v1/namespaces/${accountsNamespace}/serviceaccounts`;
  await admin.create(accounts, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name } });
  const scope = namespace === undefined ? "Cluster" : "";
  const base = namespace === undefined ? rbac : `${rbac}/namespaces/${namespace}`;
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const roles = namespace === undefined ? `${base}/clusterroles` : `${base}/roles`;
  const roleName = `garrison-test-${name}`;
  const roleOf = (rules: readonly PolicyRule[]) => ({
    apiVersion,
    kind: `${scope}Role`,
    metadata: { name: roleName },
    rules,
  });
  await admin.create(roles, roleOf(wanted.rules));
  await admin.create(namespace === undefined ? `${base}/clusterrolebindings` : `${base}/rolebindings`, {
    apiVersion,
    kind: `${scope}RoleBinding`,
    metadata: { name: roleName },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: `${scope}Role`, name: roleName },
    subjects: [{ kind: "ServiceAccount", name, namespace: accountsNamespace }],
  });
  const issued = await admin.create(`${accounts}/${name}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: tokenLifeSeconds },
  });
  const token = at(issued, "status", "token");
  if (typeof token !== "string") throw new Error("the API server gave no token");
  const { server, caPem } = access;
  const kubeconfigPath = join(folder, "users", `${name}.kubeconfig`);
  await mkdir(join(folder, "users"), { recursive: true });
  const text = kubeconfigText({ server, caPem, user: { token }, ...(namespace === undefined ? {} : { namespace }) });
  await writeFile(kubeconfigPath, text, { mode: 0o600 });
  const client = createApiClient({ server, caPem, token });
  const userName = `system:serviceaccount:${accountsNamespace}:${name}`;
  let before: readonly PolicyRule[] = [];

  async function settle(rules: readonly PolicyRule[]): Promise<void> {
    await untilRules(client, rules, { namespace: namespace ?? "default", before });
    before = rules;
  }
  async function setRules(rules: readonly PolicyRule[]): Promise<void> {
    await admin.replace(`${roles}/${roleName}`, roleOf(rules));
    await settle(rules);
  }
  await settle(wanted.rules);
  return {
    kubeconfigPath,
    token,
    userName,
    client,
    setRules,
    revoke: () => setRules([]),
    async remove() {
      await admin.remove(`${accounts}/${name}`);
      client.close();
    },
  };
}

async function ensureNamespace(admin: ApiClient): Promise<void> {
  const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: accountsNamespace } };
  const { status, body } = await admin.request("POST", "/api/v1/namespaces", object);
  if (status !== 201 && status !== 409)
    throw new Error(`namespace ${accountsNamespace}: ${status} ${JSON.stringify(body)}`);
}

/** Waits until the authorizer, which follows RBAC objects by watches, grants the rules and no longer those that went. */
async function untilRules(client: ApiClient, rules: readonly PolicyRule[], change: RulesChange): Promise<void> {
  const gone = change.before.map(textOf).filter((text) => !rules.map(textOf).includes(text));
  await until("the user's rights", rightsTimeoutMs, async () => {
    const review = await client.create("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectRulesReview",
      spec: { namespace: change.namespace },
    });
    const granted = [at(review, "status", "resourceRules"), at(review, "status", "nonResourceRules")]
      .flat()
      .map(textOf);
    const isSettled =
      rules.every((rule) => granted.includes(textOf(rule))) && !gone.some((text) => granted.includes(text));
    return isSettled ? true : undefined;
  });
}

interface RulesChange {
  readonly namespace: string;
  readonly before: readonly PolicyRule[];
}

function textOf(rule: unknown): string {
  const keys = ["verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"];
  return JSON.stringify(keys.map((key) => at(rule, key) ?? []));
}
