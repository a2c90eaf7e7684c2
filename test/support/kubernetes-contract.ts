// What Garrison relies on in an API server, as tests that run unchanged on the embedded one and on a real one. Each test has names of its own.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test, type TestContext } from "node:test";
import { at, type ApiClient, type KubernetesObject, type WatchEvent } from "./kubernetes/api-client.ts";
import { until } from "./kubernetes/processes.ts";

export interface ContractTarget {
  readonly admin: ApiClient;
  /** A client that may do these verbs with these core resources in this namespace, and nothing else. */
  limited(namespace: string, resources: readonly string[], verbs: readonly string[]): Promise<ApiClient>;
  /** Makes every older resourceVersion invalid. */
  expire(): Promise<void>;
}

/** Adds the suite's tests; `target` is asked once a test runs, `isReady` may skip it. */
export function kubernetesContract(target: () => ContractTarget, isReady: (context: TestContext) => boolean): void {
  const check = (name: string, run: (given: ContractTarget) => Promise<void>): void => {
    void test(name, async (context) => {
      if (isReady(context)) await run(target());
    });
  };
  check("discovery names what Garrison reads", discovery);
  check("create, read, update with a conflict, merge patch, delete", crud);
  check("statuses of refusals", refusals);
  check("lists in pages show the state of the first page", pages);
  check("label and field selectors", selectors);
  check("a watch goes on from a resourceVersion, and selections see objects enter and leave", watching);
  check("a watch sends bookmarks", bookmarks);
  check("an old resourceVersion is 410", expiry);
  check("what no rule allows is 403, and watches of it too", access);
  check("events are objects that can be selected by what they are about", events);
  check("server-side apply creates and changes", apply);
}

async function newNamespace({ admin }: ContractTarget): Promise<string> {
  const name = `contract-${randomBytes(4).toString("hex")}`;
  await admin.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  return name;
}

function configMap(name: string, data: Record<string, string>, labels: Record<string, string> = {}): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels }, data };
}

function namesOf(list: KubernetesObject): unknown[] {
  return (list.items ?? []).map((item) => at(item, "metadata", "name")).filter((name) => name !== "kube-root-ca.crt");
}

function assertStatus(answer: { readonly status: number; readonly body: unknown }, code: number, reason: string): void {
  assert.equal(answer.status, code, JSON.stringify(answer.body));
  const { body } = answer;
  assert.deepEqual(
    [at(body, "kind"), at(body, "status"), at(body, "reason"), at(body, "code")],
    ["Status", "Failure", reason, code],
  );
}

async function discovery({ admin }: ContractTarget): Promise<void> {
  assert.match(String(at(await admin.get("/version"), "gitVersion")), /^v1\.\d+\.\d+/);
  assert.equal((await admin.request("GET", "/readyz")).body, "ok");
  const core = await admin.get("/api/v1");
  const resources = at(core, "resources");
  assert.ok(Array.isArray(resources));
  for (const name of ["pods", "nodes", "services", "namespaces", "events"])
    assert.ok(
      resources.some((item) => at(item, "name") === name),
      name,
    );
  const groups = at(await admin.get("/apis"), "groups");
  assert.ok(Array.isArray(groups));
  for (const name of ["apps", "batch", "discovery.k8s.io"])
    assert.ok(
      groups.some((item) => at(item, "name") === name),
      name,
    );
  const apps = at(await admin.get("/apis/apps/v1"), "resources");
  assert.ok(Array.isArray(apps) && apps.some((item) => at(item, "name") === "deployments"));
}

async function crud(target: ContractTarget): Promise<void> {
  const { admin } = target;
  const path = `/api/v1/namespaces/${await newNamespace(target)}/configmaps`;
  const made = await admin.create(path, configMap("a", { one: "1" }));
  assert.match(made.metadata.uid ?? "", /^[0-9a-f-]{36}$/);
  const read = await admin.get(`${path}/a`);
  assert.equal(read.metadata.resourceVersion, made.metadata.resourceVersion);
  const changed = await admin.replace(`${path}/a`, { ...read, data: { one: "2" } });
  assert.notEqual(changed.metadata.resourceVersion, made.metadata.resourceVersion);
  assertStatus(await admin.request("PUT", `${path}/a`, { ...read, data: { one: "3" } }), 409, "Conflict");
  const patched = await admin.patch(`${path}/a`, { data: { one: null, two: "2" } });
  assert.deepEqual(at(patched, "data"), { two: "2" });
  const same = await admin.patch(`${path}/a`, { data: { two: "2" } });
  assert.equal(same.metadata.resourceVersion, patched.metadata.resourceVersion, "a patch without effect is no change");
  const generated = await admin.create(path, { ...configMap("", {}), metadata: { generateName: "many-" } });
  assert.match(generated.metadata.name, /^many-[a-z0-9]{5}$/);
  await admin.remove(`${path}/a`);
  assertStatus(await admin.request("GET", `${path}/a`), 404, "NotFound");
}

async function refusals(target: ContractTarget): Promise<void> {
  const { admin } = target;
  const namespace = await newNamespace(target);
  const path = `/api/v1/namespaces/${namespace}`;
  const missing = await admin.request("GET", `${path}/pods/nope`);
  assertStatus(missing, 404, "NotFound");
  assert.equal(at(missing.body, "message"), 'pods "nope" not found');
  assert.deepEqual(at(missing.body, "details"), { name: "nope", kind: "pods" });
  const again = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  assertStatus(await admin.request("POST", "/api/v1/namespaces", again), 409, "AlreadyExists");
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "Bad_Name" }, spec: { containers: [] } };
  const invalid = await admin.request("POST", `${path}/pods`, pod);
  assertStatus(invalid, 422, "Invalid");
  const causes = at(invalid.body, "details", "causes");
  assert.ok(Array.isArray(causes));
  assert.deepEqual(new Set(causes.map((cause) => at(cause, "field"))), new Set(["metadata.name", "spec.containers"]));
  const nowhere = "/api/v1/namespaces/contract-nowhere/configmaps";
  assertStatus(await admin.request("POST", nowhere, configMap("a", {})), 404, "NotFound");
  assert.equal((await admin.request("GET", "/apis/nothing.example/v1/things")).status, 404);
  assertStatus(await admin.request("GET", `${path}/configmaps?limit=1&continue=bogus`), 400, "BadRequest");
  assertStatus(await admin.request("GET", `${path}/pods?fieldSelector=spec.colour%3Dred`), 400, "BadRequest");
}

async function pages(target: ContractTarget): Promise<void> {
  const { admin } = target;
  const path = `/api/v1/namespaces/${await newNamespace(target)}/configmaps`;
  for (const name of ["a", "b", "c", "d", "e"]) await admin.create(path, configMap(name, {}, { set: "pages" }));
  const query = `${path}?labelSelector=set%3Dpages&limit=2`;
  const first = await admin.get(query);
  assert.deepEqual(namesOf(first), ["a", "b"]);
  const token = first.metadata.continue ?? "";
  assert.notEqual(token, "");
  await admin.remove(`${path}/d`);
  const second = await admin.get(`${query}&continue=${encodeURIComponent(token)}`);
  assert.deepEqual(namesOf(second), ["c", "d"], "what was deleted since is still in the list");
  assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  const third = await admin.get(`${query}&continue=${encodeURIComponent(second.metadata.continue ?? "")}`);
  assert.deepEqual([namesOf(third), third.metadata.continue ?? ""], [["e"], ""]);
}

async function selectors(target: ContractTarget): Promise<void> {
  const { admin } = target;
  const path = `/api/v1/namespaces/${await newNamespace(target)}/configmaps`;
  await admin.create(path, configMap("web", {}, { app: "web", tier: "front" }));
  await admin.create(path, configMap("db", {}, { app: "db", tier: "back" }));
  await admin.create(path, configMap("none", {}));
  const cases: readonly [string, readonly string[]][] = [
    ["labelSelector=app=web", ["web"]],
    ["labelSelector=app!=web,app", ["db"]],
    ["labelSelector=app in (web,db)", ["db", "web"]],
    ["labelSelector=tier notin (back),tier", ["web"]],
    ["labelSelector=!app,app!=db", ["none"]],
    ["fieldSelector=metadata.name=db", ["db"]],
  ];
  for (const [query, expected] of cases) {
    const [key = "", ...value] = query.split("=");
    const found = namesOf(await admin.get(`${path}?${key}=${encodeURIComponent(value.join("="))}`));
    assert.deepEqual(found, expected, query);
  }
}

async function watching(target: ContractTarget): Promise<void> {
  const { admin } = target;
  const path = `/api/v1/namespaces/${await newNamespace(target)}/configmaps`;
  const { resourceVersion } = (await admin.get(path)).metadata;
  await admin.create(path, configMap("a", {}, { in: "yes" }));
  const seen: string[] = [];
  const selected: string[] = [];
  const note = (list: string[]) => (event: WatchEvent) => void list.push(`${event.type} ${event.object.metadata.name}`);
  const all = await admin.watch(`${path}?resourceVersion=${resourceVersion}`, note(seen));
  const some = await admin.watch(`${path}?resourceVersion=${resourceVersion}&labelSelector=in%3Dyes`, note(selected));
  await admin.patch(`${path}/a`, { metadata: { labels: { in: "no" } } });
  await admin.patch(`${path}/a`, { metadata: { labels: { in: "yes" } } });
  await admin.remove(`${path}/a`);
  await until("both watches saw the end", 15_000, async () =>
    seen.includes("DELETED a") && selected.length >= 4 ? true : undefined,
  );
  all.close();
  some.close();
  assert.deepEqual(seen, ["ADDED a", "MODIFIED a", "MODIFIED a", "DELETED a"]);
  assert.deepEqual(selected, ["ADDED a", "DELETED a", "ADDED a", "DELETED a"]);
}

async function bookmarks(target: ContractTarget): Promise<void> {
  const { admin } = target;
  const path = `/api/v1/namespaces/${await newNamespace(target)}/configmaps`;
  const { resourceVersion } = (await admin.get(path)).metadata;
  const seen: WatchEvent[] = [];
  // A real server sends one shortly before the watch's own end, if anything happened since its start.
  const query = `resourceVersion=${resourceVersion}&allowWatchBookmarks=true&timeoutSeconds=10`;
  const watch = await admin.watch(`${path}?${query}`, (event) => void seen.push(event));
  await admin.create(path, configMap("a", {}));
  await watch.ended;
  const bookmark = seen.find((event) => event.type === "BOOKMARK");
  assert.ok(bookmark !== undefined, "a bookmark before the end");
  assert.ok(Number(bookmark.object.metadata.resourceVersion) >= Number(resourceVersion));
  assert.equal(bookmark.object.kind, "ConfigMap");
}

async function expiry(target: ContractTarget): Promise<void> {
  const { admin } = target;
  const path = `/api/v1/namespaces/${await newNamespace(target)}/configmaps`;
  const made = await admin.create(path, configMap("a", {}));
  for (const name of ["b", "c"]) await admin.create(path, configMap(name, {}));
  await target.expire();
  const seen: WatchEvent[] = [];
  const answer = `${path}?resourceVersion=${made.metadata.resourceVersion}`;
  const watch = await admin.watch(answer, (event) => void seen.push(event)).catch((error: unknown) => error);
  // In the stream or as the answer's own status: clients must know both.
  if (watch instanceof Error) return assert.match(watch.message, /410/);
  await until("the error came", 15_000, async () => (seen.length > 0 ? true : undefined));
  assert.deepEqual(
    [seen[0]?.type, at(seen[0]?.object, "code"), at(seen[0]?.object, "reason")],
    ["ERROR", 410, "Expired"],
  );
}

async function access(target: ContractTarget): Promise<void> {
  const namespace = await newNamespace(target);
  await target.admin.create(`/api/v1/namespaces/${namespace}/configmaps`, configMap("a", {}));
  const limited = await target.limited(namespace, ["configmaps"], ["get", "list"]);
  assert.deepEqual(namesOf(await limited.get(`/api/v1/namespaces/${namespace}/configmaps`)), ["a"]);
  const forbidden = [
    "/api/v1/configmaps",
    `/api/v1/namespaces/${namespace}/secrets`,
    `/api/v1/namespaces/${namespace}/configmaps?watch=true`,
  ];
  for (const path of forbidden) {
    const answer = await limited.request("GET", path);
    assertStatus(answer, 403, "Forbidden");
    assert.match(
      String(at(answer.body, "message")),
      /^\w+ is forbidden: User ".+" cannot (list|watch) resource "\w+" in API group ""/,
    );
  }
  const answer = await limited.request("DELETE", `/api/v1/namespaces/${namespace}/configmaps/a`);
  assertStatus(answer, 403, "Forbidden");
}

async function events(target: ContractTarget): Promise<void> {
  const { admin } = target;
  const namespace = await newNamespace(target);
  const path = `/api/v1/namespaces/${namespace}/events`;
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  const about = (name: string): object => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name}.17c0ffee`, namespace },
    involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name, uid: "00000000-0000-4000-8000-000000000001" },
    reason: "BackOff",
    message: "Back-off restarting failed container",
    type: "Warning",
    count: 3,
    firstTimestamp: time,
    lastTimestamp: time,
    source: { component: "kubelet", host: "node" },
  });
  await admin.create(path, about("web-1"));
  await admin.create(path, about("web-2"));
  const selector = encodeURIComponent("involvedObject.kind=Pod,involvedObject.name=web-2,type=Warning");
  assert.deepEqual(namesOf(await admin.get(`${path}?fieldSelector=${selector}`)), ["web-2.17c0ffee"]);
}

async function apply(target: ContractTarget): Promise<void> {
  const { admin } = target;
  const path = `/api/v1/namespaces/${await newNamespace(target)}/configmaps/a`;
  const media = "application/apply-patch+yaml";
  const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { one: "1" } };
  const made = await admin.request("PATCH", `${path}?fieldManager=contract`, body, media);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const changed = await admin.request("PATCH", `${path}?fieldManager=contract`, { ...body, data: { one: "2" } }, media);
  assert.equal(changed.status, 200);
  assert.deepEqual(at(changed.body, "data"), { one: "2" });
}
