// What a pod declares about rights: securityContext of pod and containers, and the fields around it that decide. Nothing of it is secret.
import type { ContainerSecurity, DeclaredProfile, PodSecurity } from "../../../model/pod-security.ts";
import { inventoryLimits } from "../limits.ts";
import { list, plain, type ParseContext, type Raw, record } from "./raw.ts";

/** Of one pod: entries of a list of its securityContext. */
const entriesMax = 64;

const noProfile: DeclaredProfile = { type: "", profile: "" };

function profileOf(value: unknown): DeclaredProfile {
  const raw = record(value);
  const type = plain(raw["type"], 64);
  return type === "" ? noProfile : { type, profile: plain(raw["localhostProfile"]) };
}

function id(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function flag(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

/** Without the keys whose value is undefined. */
function present<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}

function bothLevels(context: Raw) {
  const options = context["seLinuxOptions"];
  const seLinux = record(options);
  return {
    ...present({
      runAsUser: id(context["runAsUser"]),
      runAsGroup: id(context["runAsGroup"]),
      runAsNonRoot: flag(context["runAsNonRoot"]),
    }),
    ...(options === undefined || options === null
      ? {}
      : {
          seLinux: {
            user: plain(seLinux["user"], 128),
            role: plain(seLinux["role"], 128),
            type: plain(seLinux["type"], 128),
            level: plain(seLinux["level"], 128),
          },
        }),
    seccomp: profileOf(context["seccompProfile"]),
    appArmor: profileOf(context["appArmorProfile"]),
    hostProcess: record(context["windowsOptions"])["hostProcess"] === true,
  };
}

/** Volumes that say "hostPath" or another source; names and kinds only. */
function volumesOf(value: unknown): PodSecurity["volumes"] {
  return list(value, inventoryLimits.volumesMax).map((item) => {
    const volume = record(item);
    const type = Object.keys(volume).find((key) => key !== "name") ?? "emptyDir";
    return { name: plain(volume["name"]), type: plain(type, 64), hostPath: plain(record(volume["hostPath"])["path"]) };
  });
}

export function podSecurityOf(context: ParseContext, spec: Raw): PodSecurity {
  const security = record(spec["securityContext"]);
  return context.share({
    ...bothLevels(security),
    ...present({ hostUsers: flag(spec["hostUsers"]), fsGroup: id(security["fsGroup"]) }),
    hostPid: spec["hostPID"] === true,
    hostIpc: spec["hostIPC"] === true,
    sharesProcesses: spec["shareProcessNamespace"] === true,
    supplementalGroups: list(security["supplementalGroups"], entriesMax).flatMap((value) => id(value) ?? []),
    sysctls: list(security["sysctls"], entriesMax).map((item) => ({
      name: plain(record(item)["name"]),
      value: plain(record(item)["value"]),
    })),
    volumes: volumesOf(spec["volumes"]),
  });
}

function texts(value: unknown): string[] {
  return list(value, entriesMax)
    .map((item) => plain(item, 128))
    .filter((text) => text !== "");
}

/** Hosts that probes and hooks are sent to; without one they go to the pod itself. */
function probeHostsOf(container: Raw): string[] {
  const lifecycle = record(container["lifecycle"]);
  const handlers = ["livenessProbe", "readinessProbe", "startupProbe"].map((key) => record(container[key]));
  const all = [...handlers, record(lifecycle["postStart"]), record(lifecycle["preStop"])];
  const hosts = all.flatMap((handler) =>
    ["httpGet", "tcpSocket"].map((key) => plain(record(handler[key])["host"], 253)),
  );
  return [...new Set(hosts.filter((host) => host !== ""))];
}

/** `annotations` of the pod: before Kubernetes 1.30 AppArmor was declared there. */
function annotatedAppArmor(annotations: Raw, name: string): DeclaredProfile {
  const text = plain(annotations[`container.apparmor.security.beta.kubernetes.io/${name}`]);
  if (text === "runtime/default") return { type: "RuntimeDefault", profile: "" };
  if (text === "unconfined") return { type: "Unconfined", profile: "" };
  return text.startsWith("localhost/") ? { type: "Localhost", profile: text.slice("localhost/".length) } : noProfile;
}

export function containerSecurityOf(context: ParseContext, container: Raw, annotations: Raw): ContainerSecurity {
  const security = record(container["securityContext"]);
  const capabilities = record(security["capabilities"]);
  const both = bothLevels(security);
  const annotated = annotatedAppArmor(annotations, plain(container["name"]));
  return context.share({
    ...both,
    appArmor: both.appArmor.type === "" ? annotated : both.appArmor,
    ...present({ allowPrivilegeEscalation: flag(security["allowPrivilegeEscalation"]) }),
    privileged: security["privileged"] === true,
    readOnlyRootFilesystem: security["readOnlyRootFilesystem"] === true,
    capabilitiesAdded: texts(capabilities["add"]),
    capabilitiesDropped: texts(capabilities["drop"]),
    procMount: plain(security["procMount"], 64),
    hostPorts: list(container["ports"], inventoryLimits.portsMax).flatMap((item) => {
      const port = id(record(item)["hostPort"]) ?? 0;
      return port === 0 ? [] : [port];
    }),
    probeHosts: probeHostsOf(container),
    mounts: list(container["volumeMounts"], inventoryLimits.volumesMax).map((item) => {
      const mount = record(item);
      return {
        path: plain(mount["mountPath"]),
        volume: plain(mount["name"]),
        isReadOnly: mount["readOnly"] === true,
        propagation: plain(mount["mountPropagation"], 64),
      };
    }),
  });
}
