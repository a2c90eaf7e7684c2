// Who the image's process is.
import { defineImageRules, type ImageView } from "../image-rule.ts";

/** The number behind the configured user; undefined: nobody can tell. */
function uidOf({ config, facts }: ImageView): number | undefined {
  const name = (config?.user ?? "").split(":")[0] ?? "";
  if (name === "") return 0;
  if (/^\d{1,10}$/.test(name)) return Number(name);
  const user = facts.users?.find((one) => one.name === name);
  return user?.uid ?? (name === "root" ? 0 : undefined);
}

export const userImageRules = defineImageRules(
  {
    id: "image/root-user",
    hadolint: "DL3002",
    severity: "warning",
    title: "the container runs as root",
    fix: "Set USER to a number other than 0, or runAsUser in the pod.",
    references: ["CIS Docker 4.1", "CIS-DI-0001"],
    check(view) {
      const { config } = view;
      if (config === undefined || uidOf(view) !== 0) return [];
      const message = config.user === "" ? "no user is set: the process is root" : `the user ${config.user} is root`;
      return [{ message, subject: config.user }];
    },
  },
  {
    id: "image/user-unknown",
    hadolint: "",
    severity: "warning",
    title: "the user is not in etc/passwd",
    fix: "Add the user, or write its number.",
    references: [],
    check(view) {
      const { config, facts } = view;
      if (config === undefined || facts.users === undefined || uidOf(view) !== undefined) return [];
      return [{ message: `etc/passwd has no user ${config.user}: the container does not start`, subject: config.user }];
    },
  },
  {
    id: "image/user-by-name",
    hadolint: "DL3066",
    severity: "info",
    title: "the user is set by name",
    fix: "Write its number: Kubernetes refuses a name with runAsNonRoot.",
    references: [],
    check(view) {
      const name = (view.config?.user ?? "").split(":")[0] ?? "";
      const uid = uidOf(view);
      if (name === "" || /^\d+$/.test(name) || uid === undefined || uid === 0) return [];
      return [{ message: `${name} is ${uid}, but only the image says so`, subject: name }];
    },
  },
);
