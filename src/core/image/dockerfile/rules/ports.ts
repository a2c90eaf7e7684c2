// EXPOSE, and remote shells.
import { bare } from "../parse/model.ts";
import { defineRules } from "../rule.ts";
import { plainArguments } from "../shell/arguments.ts";

const remoteShells: ReadonlyMap<string, string> = new Map([
  ["22", "SSH"],
  ["23", "Telnet"],
  ["513", "rlogin"],
  ["514", "rsh"],
  ["3389", "RDP"],
  ["5900", "VNC"],
]);

const servers = new Set([
  "openssh-server",
  "openssh-sshd",
  "openssh",
  "dropbear",
  "telnetd",
  "tigervnc-server",
  "x11vnc",
  "xrdp",
]);

export const portRules = defineRules(
  {
    id: "dockerfile/port-range",
    hadolint: "DL3011",
    severity: "error",
    title: "EXPOSE of a number that is no port",
    fix: "Ports are 0 to 65535.",
    onInstruction: {
      keywords: ["EXPOSE"],
      check(instruction, tell) {
        for (const { text, offset } of instruction.words) {
          const numbers = bare(text).split("/")[0]?.split("-") ?? [];
          if (numbers.some((number) => /^\d+$/.test(number) && Number(number) > 65_535)) {
            tell.instruction(instruction, `${text} is beyond the last port`, { offset });
          }
        }
      },
    },
  },
  {
    id: "dockerfile/remote-shell-port",
    hadolint: "",
    severity: "warning",
    title: "EXPOSE of a remote shell",
    fix: "Use kubectl exec, and take the server out.",
    references: ["CIS Docker 5.7"],
    onInstruction: {
      keywords: ["EXPOSE"],
      check(instruction, tell) {
        for (const { text, offset } of instruction.words) {
          const name = remoteShells.get(bare(text).split("/")[0] ?? "");
          if (name !== undefined)
            tell.instruction(instruction, `${name} in a container is a way in that nobody watches`, { offset });
        }
      },
    },
  },
  {
    id: "dockerfile/remote-shell-server",
    hadolint: "",
    severity: "warning",
    title: "a server for remote shells is installed",
    fix: "Use kubectl exec.",
    references: ["CIS Docker 5.7"],
    onCommand: {
      names: ["apt-get", "apt", "apk", "yum", "dnf", "microdnf", "zypper"],
      check(command, tell, { run }) {
        const words = plainArguments(command, new Set(["t", "o", "X", "repository"]));
        if (!words.some(({ text }) => text === "install" || text === "add" || text === "in")) return;
        const server = words.find(({ text }) => servers.has(text.split(/[=~]/)[0] ?? ""));
        if (server !== undefined)
          tell.command(run, command, `${server.text} is a way into the container that nobody watches`);
      },
    },
  },
);
