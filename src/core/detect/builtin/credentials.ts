// Who reads or looks for secrets: tokens, keys, password hashes, the cloud's credentials.
import { type BuiltinRule, connectionOutput, fileOutput, processOutput } from "./rule-item.ts";

export const credentialRules: readonly BuiltinRule[] = [
  {
    rule: "Cloud metadata service is asked from a container",
    desc: "It hands out the node's credentials for the cloud. Block it for pods, or use a workload identity of their own.",
    condition:
      "garrison_connect and garrison_container and fd.sip in (garrison_metadata_addresses) and not proc.name in (cloud-init, ec2-metadata, aws-node, kube2iam, gke-metadata-se, gke-metadata-server)",
    output: `A container asks the cloud's metadata service (${connectionOutput})`,
    priority: "ERROR",
    tags: ["container", "T1552.005"],
  },
  {
    rule: "Service account token is read by a tool",
    desc: "Programs read their token through a client library; cat, curl and shells read it to use it elsewhere. Look at the account's rights, and delete the token.",
    condition:
      'garrison_read and garrison_container and (fd.name startswith "/var/run/secrets/kubernetes.io/serviceaccount" or fd.name startswith "/run/secrets/kubernetes.io/serviceaccount" or fd.name startswith "/var/run/secrets/eks.amazonaws.com") and fd.name endswith "/token" and (proc.name in (garrison_readers) or garrison_shell)',
    output: `A tool reads a service account's token (${fileOutput})`,
    priority: "ERROR",
    tags: ["container", "T1528", "T1552.001"],
  },
  {
    rule: "Password hashes are read",
    desc: "/etc/shadow is for login programs. In a container there is nobody to log in.",
    condition:
      "garrison_read and fd.name in (/etc/shadow, /etc/shadow-, /etc/gshadow, /etc/master.passwd) and not proc.name in (garrison_login_programs) and not proc.name in (garrison_account_tools) and not garrison_packaging",
    output: `Password hashes are read (${fileOutput})`,
    priority: "ERROR",
    tags: ["T1003.008"],
  },
  {
    rule: "Credentials of a cloud or registry are read by a tool",
    desc: "The files of cloud clients, kubectl and docker log-ins hold what works elsewhere, too.",
    condition:
      'garrison_read and garrison_container and (fd.name endswith "/.aws/credentials" or fd.name contains "/.config/gcloud/" or fd.name contains "/.azure/" or fd.name endswith "/.kube/config" or fd.name endswith "/.docker/config.json" or fd.name endswith "/.netrc" or fd.name endswith "/.git-credentials" or fd.name endswith "/.npmrc" or fd.name endswith "/.pgpass") and (proc.name in (garrison_readers) or garrison_shell)',
    output: `A tool reads stored credentials (${fileOutput})`,
    priority: "WARNING",
    tags: ["container", "T1552.001"],
  },
  {
    rule: "Private SSH key is read by a tool",
    desc: "ssh itself reads it to log in; a copy of it logs in anywhere.",
    condition:
      'garrison_read and fd.name contains "/.ssh/" and not fd.name endswith ".pub" and not fd.name contains "/known_hosts" and not fd.name contains "/authorized_keys" and not fd.name endswith "/config" and proc.name in (garrison_readers)',
    output: `A tool reads a private SSH key (${fileOutput})`,
    priority: "WARNING",
    tags: ["T1552.004"],
  },
  {
    rule: "Search for passwords and keys",
    desc: "grep and find with these words look for what opens other doors.",
    condition:
      'garrison_exec and garrison_container and (proc.name in (grep, egrep, fgrep, rg, ag, find, locate, fd)) and (proc.args icontains "password" or proc.args icontains "passwd" or proc.args icontains "secret" or proc.args icontains "private key" or proc.args icontains "id_rsa" or proc.args icontains "id_ed25519" or proc.args icontains "api_key" or proc.args icontains "aws_access" or proc.args contains ".pem" or proc.args contains ".kdbx")',
    output: `Passwords or keys are searched for (${processOutput})`,
    priority: "WARNING",
    tags: ["container", "T1552.001", "T1083"],
  },
  {
    rule: "Environment of another process is read",
    desc: "Secrets that come as environment variables stand in /proc/PID/environ.",
    condition:
      'garrison_read and garrison_container and fd.name glob "/proc/*/environ" and not garrison.own_proc=true and not proc.name in (ps, top, htop, systemd, pgrep, pkill, killall)',
    output: `The environment of another process is read (${fileOutput})`,
    priority: "WARNING",
    tags: ["container", "T1552", "T1057"],
  },
  {
    rule: "Memory of another process is opened",
    desc: "What a program holds in memory is read past its interfaces: keys, tokens, passwords.",
    condition:
      'garrison_open and garrison_container and fd.name glob "/proc/*/mem" and not garrison.own_proc=true and not proc.name in (gdb, strace, ltrace, dlv)',
    output: `The memory of another process is opened (${fileOutput})`,
    priority: "ERROR",
    tags: ["container", "T1003.007", "T1055.009"],
  },
];
