// Who the image runs as, and users made in it.
import { bare } from "../parse/model.ts";
import type { Stage } from "../parse/stages.ts";
import { defineRules } from "../rule.ts";
import { flagValues, hasFlag } from "../shell/arguments.ts";

/** Images that run as somebody else than root without being told. */
const nonRootImage = /nonroot|(?:^|\/)(?:chainguard|bitnami)\/|^cgr\.dev\/|unprivileged|-rootless/;

function lastUser(stage: Stage) {
  return stage.instructions.findLast(({ keyword }) => keyword === "USER");
}

function inheritedUser(stage: Stage) {
  for (let one: Stage | undefined = stage; one !== undefined; one = one.parent) {
    const user = lastUser(one);
    if (user !== undefined) return user;
  }
  return undefined;
}

export const userRules = defineRules(
  {
    id: "dockerfile/root-user",
    hadolint: "DL3002",
    severity: "warning",
    title: "the last USER of a stage is root",
    fix: "End with USER and a number other than 0.",
    references: ["CIS Docker 4.1", "CIS-DI-0001"],
    onStage(stage, tell) {
      const user = lastUser(stage);
      const name = bare(user?.words[0]?.text ?? "").split(":")[0] ?? "";
      if (user !== undefined && (name === "root" || /^0+$/.test(name)))
        tell.instruction(user, "the container runs as root");
    },
  },
  {
    id: "dockerfile/no-user",
    hadolint: "",
    severity: "warning",
    title: "no USER in the final stage",
    fix: "Add USER with a number other than 0.",
    references: ["CIS Docker 4.1", "CIS-DI-0001"],
    onFile({ final }, tell) {
      if (final?.from === undefined || inheritedUser(final) !== undefined) return;
      let base: Stage = final;
      while (base.parent !== undefined) base = base.parent;
      if (base.image === undefined || base.image.isOpen || nonRootImage.test(base.image.name)) return;
      tell.instruction(final.from, "nothing says who the container runs as: with most images that is root");
    },
  },
  {
    id: "dockerfile/user-by-name",
    hadolint: "DL3066",
    severity: "info",
    title: "USER by name",
    fix: "Write the number: Kubernetes can then see that it is not root (runAsNonRoot).",
    onInstruction: {
      keywords: ["USER"],
      check(instruction, tell) {
        const name = bare(instruction.words[0]?.text ?? "").split(":")[0] ?? "";
        if (name === "" || name.startsWith("$") || /^\d+$/.test(name)) return;
        tell.instruction(instruction, `${name} is a name: only the image knows its number`);
      },
    },
  },
  {
    id: "dockerfile/useradd-log",
    hadolint: "DL3046",
    severity: "warning",
    title: "useradd with a high number and without -l",
    fix: "Add --no-log-init.",
    onCommand: {
      names: ["useradd"],
      check(command, tell, { run }) {
        if (hasFlag(command, "l", "no-log-init")) return;
        if (!flagValues(command, "u", "uid").some((value) => /^\d{6,}$/.test(value))) return;
        tell.command(run, command, "lastlog and faillog grow with the number: the image gets very large");
      },
    },
  },
);
