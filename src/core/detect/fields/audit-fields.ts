// ka.* and jevt.*: an event of a Kubernetes API server's audit log (audit.k8s.io/v1), by the names of Falco's k8saudit plugin.
import { parseInstantMs } from "../../../base/instant.ts";
import type { ReadValue, Value } from "../event.ts";
import { atPointer, isObject, scalarsAt, valuesOf } from "../audit/json.ts";
import { plain, type Field, type FieldType } from "./field.ts";

const base = { scope: "event", group: "audit" } as const;

/** One value at a place in the event. */
function at(name: string, path: string, description: string, type: FieldType = "text"): Field {
  return plain(name, { ...base, type, description }, ({ audit }) => scalarsAt(audit, path)[0]);
}

/** All values at a place; * goes through lists. With an index: one of them. */
function many(name: string, paths: readonly string[], description: string, type: FieldType = "text"): Field {
  return {
    name,
    ...base,
    type,
    many: "list",
    argument: "index",
    description,
    read:
      (argument): ReadValue =>
      ({ audit }) => {
        const found = paths.flatMap((path) => scalarsAt(audit, path));
        if (argument === undefined) return found.length === 0 ? undefined : found.map(plainValue);
        const one = found[Number(argument)];
        return one === undefined ? undefined : plainValue(one);
      },
  };
}

function plainValue(value: string | number | boolean): string | number {
  return typeof value === "boolean" ? String(value) : value;
}

/** Pods stand in pods themselves and in the templates of what makes pods. */
const podSpecs = [
  "/requestObject/spec",
  "/requestObject/spec/template/spec",
  "/requestObject/spec/jobTemplate/spec/template/spec",
] as const;

function ofPod(name: string, paths: readonly string[], description: string, type: FieldType = "text"): Field {
  return many(
    name,
    podSpecs.flatMap((spec) => paths.map((path) => `${spec}/${path}`)),
    description,
    type,
  );
}

/** "true" or "false" of what stands in brackets. */
function keyedFlag(name: string, description: string, holds: (audit: unknown, key: string) => boolean): Field {
  return {
    name,
    ...base,
    type: "text",
    argument: "key!",
    description,
    read:
      (key = "") =>
      ({ audit }) =>
        audit === undefined ? undefined : String(holds(audit, key)),
  };
}

const containerLists = ["containers/*", "initContainers/*", "ephemeralContainers/*"] as const;

function ofContainers(name: string, path: string, description: string): Field {
  return ofPod(
    name,
    containerLists.map((list) => `${list}/${path}`),
    description,
  );
}

/** Stands for a container that does not say it, where another one does: "all are true" must not hold of those that speak alone. */
const notSaid = "<NA>";

/** One value for each container, in their order. Undefined: none of them says it, and `otherwise` has nothing either. */
function eachContainer(
  [name, description]: readonly [string, string],
  path: string,
  otherwise: (spec: unknown) => string | number | undefined = () => undefined,
): Field {
  function valuesIn(spec: unknown): readonly (string | number | undefined)[] {
    return containerLists.flatMap((list) =>
      valuesOf(spec, list).map((container) => {
        const [own] = scalarsAt(container, path);
        return own === undefined ? otherwise(spec) : plainValue(own);
      }),
    );
  }
  return {
    name,
    ...base,
    type: "text",
    many: "list",
    argument: "index",
    description,
    read:
      (argument): ReadValue =>
      ({ audit }) => {
        const values = podSpecs.flatMap((spec) => valuesIn(atPointer(audit, spec)));
        if (argument !== undefined) return values[Number(argument)];
        return values.every((value) => value === undefined) ? undefined : values.map((value) => value ?? notSaid);
      },
  };
}

/** The container's own, else the pod's, else root: what Falco counts with. */
function effective(name: string, key: "runAsUser" | "runAsGroup", description: string): Field {
  const path = `securityContext/${key}`;
  return eachContainer([name, description], path, (spec) => String(scalarsAt(spec, path)[0] ?? 0));
}

/** A path of the host that a pod mounts; a star at the key's end stands for whatever follows. */
function hasHostPath(audit: unknown, key: string): boolean {
  const paths = podSpecs.flatMap((spec) => scalarsAt(audit, `${spec}/volumes/*/hostPath/path`));
  return paths.some((path) => (key.endsWith("*") ? String(path).startsWith(key.slice(0, -1)) : path === key));
}

function repositoriesOf(values: Value): Value {
  if (!Array.isArray(values)) return undefined;
  return values.map(
    (image) =>
      String(image)
        .split("@")[0]
        ?.replace(/:[^/:]*$/, "") ?? "",
  );
}

const images = ofContainers("ka.req.pod.containers.image", "image", "images of the containers");

export const auditFields: readonly Field[] = [
  at("ka.auditid", "/auditID", "id of the event"),
  at("ka.stage", "/stage", "RequestReceived, ResponseStarted, ResponseComplete or Panic"),
  at("ka.auth.decision", "/annotations/authorization.k8s.io~1decision", "allow or forbid"),
  at("ka.auth.reason", "/annotations/authorization.k8s.io~1reason", "why"),
  at("ka.auth.openshift.decision", "/annotations/authentication.openshift.io~1decision", "OpenShift's decision"),
  at("ka.user.name", "/user/username", "who asked"),
  many("ka.user.groups", ["/user/groups/*"], "groups of who asked"),
  at("ka.impuser.name", "/impersonatedUser/username", "who was impersonated"),
  many("ka.impuser.groups", ["/impersonatedUser/groups/*"], "groups of who was impersonated"),
  at("ka.verb", "/verb", "create, get, delete, ..."),
  at("ka.uri", "/requestURI", "path and query"),
  {
    ...base,
    name: "ka.uri.param",
    type: "text",
    argument: "key!",
    description: "one parameter of the query",
    read:
      (name = "") =>
      ({ audit }) =>
        queryParameter(scalarsAt(audit, "/requestURI")[0], name),
  },
  at("ka.target.name", "/objectRef/name", "name of the object"),
  at("ka.target.namespace", "/objectRef/namespace", "namespace of the object"),
  at("ka.target.resource", "/objectRef/resource", "resource: pods, secrets, ..."),
  at("ka.target.subresource", "/objectRef/subresource", "exec, log, ..."),
  at("ka.target.apigroup", "/objectRef/apiGroup", "API group of the object"),
  at("ka.target.pod.name", "/objectRef/name", "name of the pod"),
  at("ka.req.binding.role", "/requestObject/roleRef/name", "role that a binding gives"),
  many("ka.req.binding.subjects", ["/requestObject/subjects/*/name"], "to whom"),
  keyedFlag("ka.req.binding.subject.has_name", "a subject has this name", (audit, name) =>
    scalarsAt(audit, "/requestObject/subjects/*/name").includes(name),
  ),
  at("ka.req.configmap.name", "/requestObject/metadata/name", "name of the ConfigMap"),
  plain("ka.req.configmap.obj", { ...base, type: "text", description: "data of the ConfigMap as JSON" }, ({ audit }) =>
    jsonText(atPointer(audit, "/requestObject/data")),
  ),
  images,
  { ...images, name: "ka.req.container.image" },
  {
    ...images,
    name: "ka.req.pod.containers.image.repository",
    read: (argument) => {
      const read = images.read(undefined);
      return (event) => {
        const all = repositoriesOf(read(event));
        return argument === undefined || !Array.isArray(all) ? all : all[Number(argument)];
      };
    },
  },
  {
    ...images,
    name: "ka.req.container.image.repository",
    read: () => {
      const read = images.read(undefined);
      return (event) => repositoriesOf(read(event));
    },
  },
  ofPod("ka.req.pod.host_ipc", ["hostIPC"], "uses the host's IPC"),
  ofPod("ka.req.pod.host_network", ["hostNetwork"], "uses the host's network"),
  ofPod("ka.req.pod.host_pid", ["hostPID"], "uses the host's processes"),
  ofPod("ka.req.container.host_network", ["hostNetwork"], "uses the host's network"),
  ofContainers("ka.req.pod.containers.host_port", "ports/*/hostPort", "ports of the host"),
  eachContainer(
    ["ka.req.pod.containers.privileged", "privileged, container by container"],
    "securityContext/privileged",
  ),
  ofContainers("ka.req.container.privileged", "securityContext/privileged", "privileged, container by container"),
  eachContainer(
    ["ka.req.pod.containers.allow_privilege_escalation", "may gain privileges"],
    "securityContext/allowPrivilegeEscalation",
  ),
  eachContainer(["ka.req.pod.containers.read_only_fs", "read-only root"], "securityContext/readOnlyRootFilesystem"),
  eachContainer(["ka.req.pod.containers.run_as_user", "user ids of containers"], "securityContext/runAsUser"),
  eachContainer(["ka.req.pod.containers.run_as_group", "group ids of containers"], "securityContext/runAsGroup"),
  eachContainer(["ka.req.pod.containers.proc_mount", "kinds of /proc"], "securityContext/procMount"),
  effective("ka.req.pod.containers.eff_run_as_user", "runAsUser", "user ids that containers run as"),
  effective("ka.req.pod.containers.eff_run_as_group", "runAsGroup", "group ids that containers run as"),
  ofContainers("ka.req.pod.containers.add_capabilities", "securityContext/capabilities/add/*", "added capabilities"),
  ofContainers("ka.req.pod.containers.command", "command/*", "commands of containers"),
  ofPod("ka.req.pod.run_as_user", ["securityContext/runAsUser"], "user id of the pod"),
  ofPod("ka.req.pod.run_as_group", ["securityContext/runAsGroup"], "group id of the pod"),
  ofPod("ka.req.pod.fs_group", ["securityContext/fsGroup"], "group of the volumes"),
  ofPod("ka.req.pod.supplemental_groups", ["securityContext/supplementalGroups/*"], "further groups"),
  ofPod("ka.req.pod.volumes.hostpath", ["volumes/*/hostPath/path"], "paths of the host"),
  keyedFlag("ka.req.volume.hostpath", "a volume has this path of the host, or one that begins so (*)", hasHostPath),
  ofPod("ka.req.pod.volumes.flexvolume_driver", ["volumes/*/flexVolume/driver"], "drivers of flex volumes"),
  ofPod("ka.req.pod.service_account", ["serviceAccountName"], "service account"),
  {
    ...base,
    name: "ka.req.pod.volumes.volume_type",
    type: "text",
    many: "list",
    description: "kinds of volumes",
    read:
      () =>
      ({ audit }) =>
        volumeTypes(audit),
  },
  many("ka.req.role.rules.apiGroups", ["/requestObject/rules/*/apiGroups/*"], "API groups of a role's rules"),
  many("ka.req.role.rules.nonResourceURLs", ["/requestObject/rules/*/nonResourceURLs/*"], "paths of a role's rules"),
  many("ka.req.role.rules.resources", ["/requestObject/rules/*/resources/*"], "resources of a role's rules"),
  many("ka.req.role.rules.verbs", ["/requestObject/rules/*/verbs/*"], "verbs of a role's rules"),
  many("ka.req.role.rules.resourceNames", ["/requestObject/rules/*/resourceNames/*"], "names of a role's rules"),
  plain("ka.req.role.rules", { ...base, type: "text", description: "a role's rules as JSON" }, ({ audit }) =>
    jsonText(atPointer(audit, "/requestObject/rules")),
  ),
  at("ka.req.service.type", "/requestObject/spec/type", "type of a Service"),
  many("ka.req.service.ports", ["/requestObject/spec/ports/*/port"], "ports of a Service"),
  at("ka.resp.name", "/responseObject/metadata/name", "name in the answer"),
  at("ka.response.code", "/responseStatus/code", "HTTP status", "number"),
  at("ka.response.reason", "/responseStatus/reason", "reason of the status"),
  many("ka.sourceips", ["/sourceIPs/*"], "addresses of who asked", "address"),
  at("ka.useragent", "/userAgent", "program of who asked"),
  at("ka.level", "/level", "level of the audit policy"),
  {
    ...base,
    name: "jevt.value",
    type: "text",
    many: "any",
    argument: "key!",
    description: "the value at a JSON pointer",
    read:
      (pointer = "") =>
      ({ audit }) => {
        const found = atPointer(audit, pointer);
        return isObject(found) || Array.isArray(found)
          ? jsonText(found)
          : typeof found === "string"
            ? found
            : found === undefined || found === null
              ? undefined
              : JSON.stringify(found);
      },
  },
  plain("jevt.obj", { ...base, type: "text", description: "the whole event as JSON" }, ({ audit }) => jsonText(audit)),
  at("jevt.time.iso8601", "/requestReceivedTimestamp", "when the request came"),
  plain("jevt.rawtime", { ...base, type: "number", description: "the same, nanoseconds since 1970" }, ({ audit }) => {
    const timeMs = parseInstantMs(String(scalarsAt(audit, "/requestReceivedTimestamp")[0] ?? ""));
    return timeMs === undefined ? undefined : timeMs * 1_000_000;
  }),
  at("jevt.time", "/requestReceivedTimestamp", "when the request came"),
];

function jsonText(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

function volumeTypes(audit: unknown): Value {
  const volumes = podSpecs.flatMap((spec) => valuesOf(audit, `${spec}/volumes/*`));
  const types = volumes.flatMap((volume) =>
    isObject(volume) ? Object.keys(volume).filter((key) => key !== "name") : [],
  );
  return types.length === 0 ? undefined : types;
}

function queryParameter(uri: string | number | boolean | undefined, name: string): string | undefined {
  const query = String(uri ?? "").split("?")[1] ?? "";
  for (const pair of query.split("&")) {
    const [key = "", ...rest] = pair.split("=");
    if (decoded(key) === name) return decoded(rest.join("="));
  }
  return undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    // A broken escape stands for itself.
    return text;
  }
}
