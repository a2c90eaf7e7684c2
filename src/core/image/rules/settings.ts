// The image's configuration: health, ports, volumes, labels, names of variables, its own name.
import { Fault } from "../../../base/fault.ts";
import { isSecretName } from "../dockerfile/rules/environment.ts";
import { defineImageRules, type ImageView } from "../image-rule.ts";
import { parseReference, type ImageReference } from "../reference.ts";

/** Only what was asked of a registry has a name that others pull. */
function referenceOf({ analysis }: ImageView): ImageReference | undefined {
  if (analysis.source !== "registry") return undefined;
  try {
    return parseReference(analysis.reference);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

const remotePorts: ReadonlyMap<number, string> = new Map([
  [22, "SSH"],
  [23, "Telnet"],
  [3389, "RDP"],
  [5900, "VNC"],
]);
const sensitiveVolumes =
  /^\/(?:|bin|boot|dev|etc|lib|lib64|proc|root|sbin|sys|usr|var\/run\/docker\.sock|run\/docker\.sock|run\/containerd(?:\/.*)?)\/?$/;
const wantedLabels = ["org.opencontainers.image.source", "org.opencontainers.image.revision"] as const;

export const settingRules = defineImageRules(
  {
    id: "image/secret-environment",
    hadolint: "DL3064",
    severity: "warning",
    title: "a variable with a secret's name",
    fix: "Take it out, and give it from a Secret at run time.",
    references: ["CIS Docker 4.10", "CIS-DI-0010"],
    *check({ config }) {
      for (const name of config?.environment ?? []) {
        if (isSecretName(name))
          yield { message: `what ${name} holds can be read by everybody who can pull the image`, subject: name };
      }
    },
  },
  {
    id: "image/latest-tag",
    hadolint: "DL3007",
    severity: "warning",
    title: "the tag latest, or none",
    fix: "Deploy a release's tag with its digest.",
    references: ["DKL-DI-0006"],
    check(view) {
      const reference = referenceOf(view);
      if (reference === undefined || reference.digest !== "") return [];
      if (reference.tag === "")
        return [{ message: "the image has no tag: it means latest", subject: view.analysis.reference }];
      return reference.tag === "latest"
        ? [{ message: "latest changes under the same name", subject: view.analysis.reference }]
        : [];
    },
  },
  {
    id: "image/no-digest",
    hadolint: "",
    severity: "info",
    title: "the image is named by a tag that can move",
    fix: "Deploy it by digest.",
    references: [],
    check(view) {
      const reference = referenceOf(view);
      if (reference === undefined || reference.digest !== "" || reference.tag === "" || reference.tag === "latest")
        return [];
      return [
        {
          message: `the tag ${reference.tag} can come to mean another image`,
          fix: `Deploy ${reference.repository}@${view.analysis.digest}.`,
          subject: view.analysis.reference,
        },
      ];
    },
  },
  {
    id: "image/no-healthcheck",
    hadolint: "DL3057",
    severity: "info",
    title: "no HEALTHCHECK",
    fix: "Add one, or have Kubernetes probe.",
    references: ["CIS Docker 4.6", "CIS-DI-0006"],
    check: ({ config }) =>
      config === undefined || config.hasHealthcheck ? [] : [{ message: "nothing tells whether the container works" }],
  },
  {
    id: "image/port",
    hadolint: "",
    severity: "info",
    title: "privileged ports and remote shells",
    fix: "Listen above 1023, and let a service map the port.",
    references: ["CIS Docker 5.7", "CIS Docker 5.8"],
    *check({ config }) {
      for (const port of config?.exposedPorts ?? []) {
        const number = Number(port.split("/")[0]);
        const remote = remotePorts.get(number);
        if (remote !== undefined) {
          yield {
            message: `${remote} is exposed: a way in that nobody watches`,
            subject: port,
            severity: "warning",
            fix: "Use kubectl exec.",
          };
        } else if (number > 0 && number < 1024) {
          yield { message: `${port} is a port that only root could open on old kernels`, subject: port };
        }
      }
    },
  },
  {
    id: "image/volume",
    hadolint: "",
    severity: "warning",
    title: "a volume over a folder of the system",
    fix: "Take the VOLUME out.",
    references: ["DKL-DI-0002", "CIS Docker 5.6"],
    *check({ config }) {
      for (const volume of config?.volumes ?? []) {
        if (sensitiveVolumes.test(volume))
          yield { message: `${volume} is a volume: what is in it is not the image's`, subject: volume };
      }
    },
  },
  {
    id: "image/labels",
    hadolint: "",
    severity: "info",
    title: "labels that say where the image comes from are missing",
    fix: "Add LABEL org.opencontainers.image.source and .revision in the build.",
    references: [],
    check({ config }) {
      if (config === undefined) return [];
      const missing = wantedLabels.filter((label) => (config.labels[label] ?? "") === "");
      return missing.length === 0
        ? []
        : [{ message: `${missing.join(" and ")} would say which sources it was built of`, subject: missing[0] ?? "" }];
    },
  },
);
