// Modes of files, and rights of the build's own steps.
import { flagOf } from "../parse/model.ts";
import { defineRules } from "../rule.ts";
import { plainArguments } from "../shell/arguments.ts";

/** Others may write: 777, 666, o+w, a+rwx; a sticky folder (1777) is shared on purpose. */
export function isWorldWritable(mode: string): boolean {
  if (/^[0-7]{3,4}$/.test(mode))
    return (Number(mode.at(-1)) & 2) !== 0 && !(mode.length === 4 && (Number(mode[0]) & 1) !== 0);
  return mode.split(",").some((part) => /^[ugo]*[oa][ugoa]*[+=][rxXst]*w/.test(part));
}

/** 4755, 2755, u+s, g+s, +s. */
export function setsIdBits(mode: string): boolean {
  if (/^[0-7]{4}$/.test(mode)) return (Number(mode[0]) & 6) !== 0;
  return mode.split(",").some((part) => /^[uga]*[+=][rwxXt]*s/.test(part));
}

export const permissionRules = defineRules(
  {
    id: "dockerfile/world-writable",
    hadolint: "",
    severity: "warning",
    title: "files that everybody may write",
    fix: "Give the files to the user who needs them: COPY --chown, chmod 755.",
    onCommand: {
      names: ["chmod", "install"],
      check(command, tell, { run }) {
        const words =
          command.name === "chmod"
            ? plainArguments(command, new Set(["reference"]))
                .slice(0, 1)
                .map(({ text }) => text)
            : modesOf(command.arguments.map(({ text }) => text));
        if (words.some(isWorldWritable)) tell.command(run, command, "any process in the container can change them");
      },
    },
    onInstruction: {
      keywords: ["COPY", "ADD"],
      check(instruction, tell) {
        const flag = flagOf(instruction, "chmod");
        if (flag !== undefined && isWorldWritable(flag.value ?? "")) {
          tell.instruction(instruction, "any process in the container can change them", { offset: flag.offset });
        }
      },
    },
  },
  {
    id: "dockerfile/setuid-given",
    hadolint: "",
    severity: "warning",
    title: "chmod that sets the setuid or setgid bit",
    fix: "Give the process a capability instead, or leave it out.",
    references: ["CIS Docker 4.8", "CIS-DI-0008"],
    onCommand: {
      names: ["chmod"],
      check(command, tell, { run }) {
        const [mode] = plainArguments(command, new Set(["reference"]));
        if (mode !== undefined && setsIdBits(mode.text))
          tell.command(run, command, "whoever runs the file becomes its owner");
      },
    },
  },
  {
    id: "dockerfile/setuid-kept",
    hadolint: "",
    severity: "info",
    isOff: true,
    title: "setuid files of the base are not taken away",
    fix: "Add RUN find / -xdev -perm /6000 -type f -exec chmod a-s {} +.",
    references: ["CIS Docker 4.8", "CIS-DI-0008"],
    onFile({ final }, tell) {
      if (final?.from === undefined || final.image?.name.toLowerCase() === "scratch") return;
      const takes = final.instructions.some(({ script }) =>
        script?.commands.some(
          ({ name, arguments: words }) =>
            (name === "chmod" || name === "find") && words.some(({ text }) => /^(?:a|u|ug|ugo)?-s$/.test(text)),
        ),
      );
      if (!takes) tell.instruction(final.from, "su, mount, passwd and their like keep their rights");
    },
  },
  {
    id: "dockerfile/run-insecure",
    hadolint: "",
    severity: "warning",
    title: "a RUN with the host's rights or network",
    fix: "Take the flag out.",
    onInstruction: {
      keywords: ["RUN"],
      check(instruction, tell) {
        for (const { name, value, offset } of instruction.flags) {
          const isOpen = (name === "security" && value === "insecure") || (name === "network" && value === "host");
          if (isOpen)
            tell.instruction(instruction, `--${name}=${value} takes the build out of its sandbox`, { offset });
        }
      },
    },
  },
);

/** The modes given to install(1). */
function modesOf(words: readonly string[]): readonly string[] {
  return words.flatMap((word, index) => {
    if (word === "-m" || word === "--mode") return [words[index + 1] ?? ""];
    if (word.startsWith("--mode=")) return [word.slice(7)];
    return /^-m[0-7]/.test(word) ? [word.slice(2)] : [];
  });
}
