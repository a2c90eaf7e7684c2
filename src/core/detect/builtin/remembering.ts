// Our rules with a memory: what follows upon what, and what happens too often.

import { processOutput } from "./rule-item.ts";

interface GarrisonRule {
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

const nodeRules: readonly GarrisonRule[] = [
  {
    name: "Reverse shell",
    spec: {
      description:
        "A process connects, puts the connection in the place of its keyboard and screen, and a shell follows: somebody far away types. Isolate the workload, look at the address, and at how the first program came to run.",
      severity: "critical",
      techniques: ["T1059.004", "T1071"],
      tags: ["reverse-shell"],
      sequence: {
        by: "ancestry",
        within: "1m",
        steps: [
          {
            name: "connects",
            condition: "evt.type = connect and (fd.typechar = 4 or fd.typechar = 6)",
          },
          {
            name: "becomes its keyboard and screen",
            condition:
              "evt.type in (dup, dup2, dup3) and evt.rawres in (0, 1, 2) and fd.type in (ipv4, ipv6) and not proc.name in (inetd, xinetd, sshd, sshd-session)",
          },
          { name: "shell", condition: "garrison_exec and garrison_shell" },
        ],
      },
      output: `A shell obeys a connection (${processOutput})`,
    },
  },
  {
    name: "Program is downloaded, made executable, run, and connects",
    spec: {
      description:
        "The steps of an intruder's tool in one container, in order. Look at the address of the download and of the connection; both belong on a deny list.",
      severity: "critical",
      techniques: ["T1105", "T1222.002", "T1059", "T1071"],
      tags: ["container", "drift"],
      sequence: {
        by: "container",
        within: "10m",
        steps: [
          {
            name: "download",
            condition: "garrison_write and garrison_container and proc.name in (garrison_downloaders)",
            bind: { file: "fd.name" },
          },
          {
            name: "made executable",
            condition:
              'evt.type in (chmod, fchmod, fchmodat, fchmodat2) and garrison_container and evt.rawres >= 0 and (evt.arg.mode contains "S_IXUSR" or evt.arg.mode contains "S_IXOTH")',
            bind: { file: "fd.name" },
          },
          { name: "run", condition: "garrison_exec and garrison_container", bind: { file: "proc.exepath" } },
          { name: "connects", condition: "garrison_connect and garrison_container", bind: { file: "proc.exepath" } },
        ],
      },
      output: `A downloaded program runs and connects (connection=%fd.name ${processOutput})`,
    },
  },
  {
    name: "Somebody looks around",
    spec: {
      description:
        "Five different programs that tell of user, machine, network and processes within a minute: a person, or a script of one, has just come in. Look at what started them.",
      severity: "medium",
      techniques: ["T1082", "T1033", "T1016", "T1057"],
      tags: ["container"],
      threshold: {
        condition:
          "garrison_exec and garrison_container and proc.name in (whoami, id, uname, hostname, ps, netstat, ss, ifconfig, ip, arp, route, env, printenv, mount, df, lsblk, w, who, last, groups, getent, lscpu, dmesg, lsmod, nproc)",
        count: 5,
        within: "1m",
        by: "container",
        distinct: "proc.name",
      },
      output: `Somebody looks around in a container (${processOutput})`,
    },
  },
  {
    name: "One process tries many ports",
    spec: {
      description:
        "Thirty different ports within half a minute is a scan. Look at the targets in the flows of this workload.",
      severity: "high",
      techniques: ["T1046"],
      tags: ["container"],
      threshold: {
        condition: "garrison_connect and garrison_container",
        count: 30,
        within: "30s",
        by: "process",
        distinct: "fd.sport",
      },
      output: `One process tries many ports (connection=%fd.name ${processOutput})`,
    },
  },
];

const auditRules: readonly GarrisonRule[] = [
  {
    name: "Many secrets are read by one user",
    spec: {
      description:
        "Ten different secrets within a minute, one by one, by somebody who is not of the system. Look at what the account is for, and change what was read.",
      source: "k8s_audit",
      severity: "high",
      techniques: ["T1552.007"],
      tags: ["k8s"],
      threshold: {
        condition: "ka.target.resource = secrets and ka.verb = get and garrison_allowed and not garrison_system",
        count: 10,
        within: "1m",
        by: "node",
        fields: ["ka.user.name"],
        distinct: "ka.target.name",
      },
      output:
        "Many secrets are read (user=%ka.user.name last=%ka.target.namespace/%ka.target.name from=%ka.sourceips agent=%ka.useragent)",
    },
  },
  {
    name: "User tries what it may not",
    spec: {
      description:
        "Ten refused requests within a minute: an account feels its way, or a workload lost its rights. Look at what was asked for.",
      source: "k8s_audit",
      severity: "medium",
      techniques: ["T1613", "T1087.004"],
      tags: ["k8s"],
      threshold: {
        condition: "garrison_answered and ka.response.code = 403 and not garrison_system",
        count: 10,
        within: "1m",
        by: "node",
        fields: ["ka.user.name"],
      },
      output:
        "Many requests are refused (user=%ka.user.name last=%ka.verb %ka.target.resource from=%ka.sourceips agent=%ka.useragent)",
    },
  },
];

function documentsOf(rules: readonly GarrisonRule[]): readonly object[] {
  return rules.map(({ name, spec }) => ({ apiVersion: "garrison/v1", kind: "GarrisonRule", metadata: { name }, spec }));
}

export const rememberingNodeRules = documentsOf(nodeRules);
export const rememberingAuditRules = documentsOf(auditRules);
