// List and watch against a server that stalls, forgets, refuses, breaks and lies: what was known stays, the rest heals.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../base/fault.ts";
import type { KubeAccess } from "./access.ts";
import {
  discovery,
  item,
  lines,
  listText,
  type Reply,
  type Script,
  scriptedAccess,
  scriptedTransport,
  watchUntil,
} from "./scripted.fixture.ts";
import type { KubeTransport } from "./transport.ts";
import { watchedResources } from "./resources.ts";

const pods =
  (list: Script, watch: Script): Script =>
  (url, count) => {
    if (url.pathname !== "/api/v1/pods") return undefined;
    return url.searchParams.has("watch") ? watch(url, count) : list(url, count);
  };
const onePod: Script = () => ({ text: listText([item("a")], "10") });
const hang: Reply = { after: "hang" };
const podWords = (said: readonly string[]) => said.filter((word) => word.startsWith("Pod "));

test("a list in pages, then events in order; the next watch goes on from the newest version", async () => {
  const list: Script = (url) =>
    url.searchParams.get("continue") === "t"
      ? { text: listText([item("b")], "12") }
      : { text: listText([item("a")], "10", "t") };
  const watch: Script = (_url, count) => {
    if (count === 0) {
      const added = { type: "ADDED", object: item("c", "11") };
      const bookmark = { type: "BOOKMARK", object: { metadata: { resourceVersion: "20" } } };
      return { text: lines(added, { type: "DELETED", object: item("c", "12") }, bookmark) };
    }
    return count === 1 ? { text: lines({ type: "MODIFIED", object: item("a", "21") }), after: "hang" } : hang;
  };
  const heard = await watchUntil(pods(list, watch), ({ said }) => said.includes("Pod put a"));
  assert.deepEqual(podWords(heard.said), ["Pod list a,b", "Pod put c", "Pod remove u-c", "Pod put a"]);
  const versions = heard.paths
    .filter((path) => path.startsWith("/api/v1/pods?watch"))
    .map((path) => new URL(path, "http://x").searchParams.get("resourceVersion"));
  assert.deepEqual(versions.slice(0, 2), ["10", "20"]);
});

test("410 as a status and as an event both list anew, and nothing is emptied in between", async () => {
  for (const gone of [
    { status: 410, text: "{}" },
    { text: lines({ type: "ERROR", object: { kind: "Status", code: 410, message: "too old" } }) },
  ]) {
    const list: Script = (_url, count) => ({
      text: listText(count === 0 ? [item("a")] : [item("a"), item("b")], "10"),
    });
    const heard = await watchUntil(
      pods(list, (_url, count) => (count === 0 ? gone : hang)),
      ({ said }) => podWords(said).length >= 2,
    );
    assert.deepEqual(podWords(heard.said), ["Pod list a", "Pod list a,b"]);
  }
});

test("an expired continue token begins the list anew; half a list is never told", async () => {
  const list: Script = (url, count) => {
    if (url.searchParams.has("continue"))
      return count === 1 ? { status: 410, text: "{}" } : { text: listText([item("b")], "11") };
    return { text: listText([item("a")], "10", "t") };
  };
  const heard = await watchUntil(
    pods(list, () => hang),
    ({ said }) => podWords(said).length >= 1,
  );
  assert.deepEqual(podWords(heard.said), ["Pod list a,b"]);
});

test("a server that fails for a while: 500, 429, broken and truncated answers, silence; then all is there", async () => {
  const bad: readonly Reply[] = [
    { status: 500, text: "oops" },
    { status: 429, headers: { "retry-after": "0" }, text: "{}" },
    { text: '{"metadata":{"resourceVersion":"1"},"items":[{"meta' },
    { text: '{"metadata":', after: "break" },
    { text: '{"metadata":', after: "hang" },
    { text: "[]" },
  ];
  const list: Script = (_url, count) => bad[count] ?? { text: listText([item("a")], "10") };
  const heard = await watchUntil(
    pods(list, () => hang),
    ({ said }) => podWords(said).length >= 1,
  );
  assert.deepEqual(podWords(heard.said), ["Pod list a"]);
  assert.equal(heard.states.get("Pod")?.state, "current");
});

test("a watch that is silent is opened again where it was; broken and unknown lines are refused by themselves", async () => {
  const strange = lines(
    { type: "ADDED", object: item("b", "15") },
    { type: "STRANGE", object: {} },
    { type: "DELETED", object: {} },
  );
  const watch: Script = (url, count) => {
    if (count === 0) return { text: `not json\n${strange}`, after: "hang" };
    const from = url.searchParams.get("resourceVersion") ?? "";
    return { text: lines({ type: "ADDED", object: item(`after-${from}`, "16") }), after: "hang" };
  };
  const heard = await watchUntil(pods(onePod, watch), ({ said }) => podWords(said).length >= 3);
  assert.deepEqual(podWords(heard.said).slice(0, 3), ["Pod list a", "Pod put b", "Pod put after-15"]);
  assert.equal(heard.broken.length, 3);
});

test("a forbidden resource is said and tried again, the others go on; a list that is allowed later comes", async () => {
  const refused = { status: 403, text: JSON.stringify({ message: 'pods is forbidden: User "x" cannot list' }) };
  const list: Script = (_url, count) => (count < 3 ? refused : { text: listText([item("a")], "10") });
  let wasForbidden = false;
  const heard = await watchUntil(
    pods(list, () => hang),
    ({ said, states }) => {
      wasForbidden ||= states.get("Pod")?.state === "forbidden";
      return podWords(said).length >= 1;
    },
  );
  assert.ok(wasForbidden);
  assert.ok(heard.said.includes("Service list "));
});

test("rights that are taken away in mid-watch: what is known stays, the state says it", async () => {
  const watch: Script = (_url, count) =>
    count === 0 ? { text: lines({ type: "ADDED", object: item("b") }) } : { status: 403, text: "{}" };
  const heard = await watchUntil(pods(onePod, watch), ({ states }) => states.get("Pod")?.state === "forbidden");
  assert.deepEqual(podWords(heard.said), ["Pod list a", "Pod put b"]);
});

test("a resource that the server lacks is absent, and read when it appears", async () => {
  const script: Script = (url, count) => (count < 2 ? discovery(url, ["cronjobs"]) : undefined);
  let wasAbsent = false;
  const heard = await watchUntil(script, ({ said, states }) => {
    wasAbsent ||= states.get("CronJob")?.state === "absent";
    return said.includes("CronJob list ");
  });
  assert.ok(wasAbsent);
  assert.equal(heard.states.get("CronJob")?.resource, "cronjobs.batch");
});

test("an old server without aggregated discovery: beta versions and Endpoints", async () => {
  const documents: Readonly<Record<string, object>> = {
    "/api": { kind: "APIVersions", versions: ["v1"] },
    "/api/v1": {
      resources: ["namespaces", "nodes", "pods", "services", "endpoints", "events"].map((name) => ({
        name,
        verbs: ["list", "watch"],
      })),
    },
    "/apis": {
      kind: "APIGroupList",
      groups: ["apps", "batch"].map((name) => ({ name, versions: [{ version: "v1" }, { version: "v1beta1" }] })),
    },
    "/apis/apps/v1": {
      resources: ["deployments", "replicasets", "statefulsets", "daemonsets"].map((name) => ({
        name,
        verbs: ["list", "watch"],
      })),
    },
    "/apis/batch/v1": { resources: [{ name: "jobs", verbs: ["list", "watch"] }] },
    "/apis/batch/v1beta1": { resources: [{ name: "cronjobs", verbs: ["list", "watch"] }] },
    "/apis/apps/v1beta1": { resources: [] },
  };
  const script: Script = ({ pathname }) =>
    documents[pathname] === undefined ? undefined : { text: JSON.stringify(documents[pathname]) };
  const heard = await watchUntil(script, ({ states }) => states.size === watchedResources.length);
  const paths = new Set(heard.paths.map((path) => path.split("?")[0]));
  assert.ok(paths.has("/apis/batch/v1beta1/cronjobs"));
  assert.ok(paths.has("/api/v1/endpoints"));
  assert.ok(!paths.has("/apis/discovery.k8s.io/v1/endpointslices"));
});

test("nothing but the resources of the list is ever asked for: no Secrets, no config maps", async () => {
  const heard = await watchUntil(
    () => undefined,
    ({ said }) => said.length === watchedResources.length,
  );
  const asked = [...new Set(heard.paths.map((path) => path.split("?")[0] ?? ""))].toSorted((one, other) =>
    one < other ? -1 : 1,
  );
  assert.deepEqual(asked, [
    "/api",
    "/api/v1/events",
    "/api/v1/namespaces",
    "/api/v1/nodes",
    "/api/v1/pods",
    "/api/v1/services",
    "/apis",
    "/apis/apps/v1/daemonsets",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/replicasets",
    "/apis/apps/v1/statefulsets",
    "/apis/batch/v1/cronjobs",
    "/apis/batch/v1/jobs",
    "/apis/discovery.k8s.io/v1/endpointslices",
    "/apis/networking.k8s.io/v1/networkpolicies",
    "/version",
  ]);
});

test("a server that stops answering is away, its watches are cut and opened again when it is back", async () => {
  let isAway = false;
  const script: Script = (url) => {
    if (url.pathname === "/version" && isAway) return { after: "hang" };
    return pods(onePod, (_url, count) =>
      count === 0 ? hang : { text: lines({ type: "ADDED", object: item("b", "30") }), after: "hang" },
    )(url, watches(url));
  };
  let opened = 0;
  const watches = (url: URL) => (url.pathname === "/api/v1/pods" && url.searchParams.has("watch") ? opened++ : 0);
  const heard = await watchUntil(script, ({ servers, said }) => {
    if (said.includes("Pod list a") && servers.length === 1) isAway = true;
    if (servers.at(-1)?.state === "away") isAway = false;
    return servers.length >= 3 && said.includes("Pod put b");
  });
  assert.deepEqual(
    heard.servers.slice(0, 3).map(({ state }) => state),
    ["connected", "away", "connected"],
  );
  assert.deepEqual([...new Set(podWords(heard.said))], ["Pod list a", "Pod put b"]);
});

test("the clock's difference comes from the Date header", async () => {
  const date = new Date(Date.now() + 3_600_000).toUTCString();
  const script: Script = (url) =>
    url.pathname === "/version" ? { headers: { date }, text: '{"gitVersion":"v1.30.0"}' } : undefined;
  const heard = await watchUntil(script, ({ servers }) => servers.length > 0);
  const ahead = heard.servers[0]?.clockAheadMs ?? 0;
  assert.ok(Math.abs(ahead - 3_600_000) < 5000, String(ahead));
});

test("a page that is too large is asked for with fewer objects", async () => {
  const { quick } = await import("./scripted.fixture.ts");
  const list: Script = (url) => {
    const limit = Number(url.searchParams.get("limit"));
    const from = Number(url.searchParams.get("continue") ?? "0");
    const all = Array.from({ length: 30 }, (_, index) => item(`pod-${index}`));
    const next = from + limit < all.length ? String(from + limit) : "";
    return { text: listText(all.slice(from, from + limit), "10", next) };
  };
  const limits = { ...quick, pageBytesMax: 1500 };
  const heard = await watchUntil(
    pods(list, () => hang),
    ({ said }) => podWords(said).length > 0,
    { limits },
  );
  assert.equal(podWords(heard.said)[0]?.split(",").length, 30);
});

test("an error of TLS is tried again like any connection that broke", async () => {
  const list: Script = (_url, count) => {
    if (count === 0) throw Object.assign(new Error("mismatch"), { code: "ERR_OSSL_X509_KEY_VALUES_MISMATCH" });
    return { text: listText([item("a")], "10") };
  };
  const heard = await watchUntil(
    pods(list, () => hang),
    ({ said }) => said.includes("Pod list a"),
  );
  assert.equal(heard.states.get("Pod")?.state, "current");
});

test("new credentials that cannot be used leave the old ones at work until they can", async () => {
  const loads = { count: 0, refused: 0 };
  const used: string[] = [];
  const scripted = scriptedTransport(() => undefined);
  const access = async (): Promise<KubeAccess> => ({ ...scriptedAccess, fingerprint: `f${(loads.count += 1)}` });
  const transport = ({ fingerprint }: KubeAccess): KubeTransport => {
    if (fingerprint === "f2" || fingerprint === "f3") {
      loads.refused += 1;
      throw new Fault("half of a pair", { code: "kube/credential", kind: "usage" });
    }
    used.push(fingerprint);
    return scripted;
  };
  const heard = await watchUntil(
    () => undefined,
    () => used.length >= 2,
    { access, transport },
  );
  assert.deepEqual([used.slice(0, 2), loads.refused], [["f1", "f4"], 2]);
  assert.ok(heard.servers.every(({ state }) => state === "connected"));
});

test("a bug in one loop ends all of them and is told to who waits", async () => {
  const transport = scriptedTransport((url) => {
    if (url.pathname === "/api/v1/pods") throw new TypeError("a bug");
    return undefined;
  });
  const watching = watchUntil(
    () => undefined,
    () => false,
    { transport: () => transport },
  );
  await assert.rejects(watching, /a bug/);
  const asked = transport.paths.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(transport.paths.length, asked);
});

test("a list that expires or stalls each time is failing with its cause, not listing", async () => {
  const always: readonly [Reply, RegExp][] = [
    [{ status: 410, text: JSON.stringify({ message: "too old" }) }, /too old/],
    [{ text: '{"metadata":', after: "hang" }, /silent/],
  ];
  for (const [reply, because] of always) {
    let asked = 0;
    const list: Script = () => {
      asked += 1;
      return reply;
    };
    const heard = await watchUntil(
      pods(list, () => hang),
      ({ states }) => states.get("Pod")?.state === "failing" || asked >= 10,
    );
    assert.equal(heard.states.get("Pod")?.state, "failing");
    assert.match(heard.states.get("Pod")?.because ?? "", because);
  }
});
