// The same deeds by ways that hide a name or a call: links, renames.
import { type Action, root } from "./parts.ts";

export const variants: readonly Action[] = [
  {
    name: "ReadSensitiveFileUntrusted, by a symbolic link",
    where: "plain",
    script: "/bin/ln -s ../etc /tmp/plain; /bin/cat /tmp/plain/shadow >/dev/null",
    twin: "/bin/ln -s ../etc /tmp/plain2; /bin/cat /tmp/plain2/motd >/dev/null",
  },
  {
    name: "WriteBelowBinaryDir, by a linked folder",
    where: "plain",
    script: "/bin/ln -s /usr/bin /tmp/plain; /bin/echo x | /bin/tee /tmp/plain/tool >/dev/null",
    twin: "/bin/ln -s /var/lib /tmp/plain; /bin/echo x | /bin/tee /tmp/plain/tool >/dev/null",
  },
  {
    name: "AddingSshKeysToAuthorizedKeys, by a linked file",
    where: "plain",
    script: `/bin/ln -s ${root}/.ssh/authorized_keys /tmp/plain; /bin/echo key | /bin/tee -a /tmp/plain >/dev/null`,
    twin: "/bin/ln -s /var/log/syslog /tmp/plain; /bin/echo key | /bin/tee -a /tmp/plain >/dev/null",
  },
  {
    name: "ClearLogActivities, by a link",
    where: "plain",
    script: "/bin/ln -s /var/log/syslog /tmp/plain; /usr/local/bin/runner /bin/cp /dev/null /tmp/plain",
    twin: "/bin/ln -s /etc/motd /tmp/plain; /bin/cat /tmp/plain >/dev/null",
  },
  {
    name: "DropAndExecuteNewBinaryInContainer, renamed over a link",
    where: "plain",
    script: "/bin/cp /bin/busybox /tmp/x; /bin/mv /tmp/x /tmp/y; /bin/ln -s /tmp/y /tmp/z; /tmp/z true; /bin/true",
    twin: "/bin/ln -s /bin/busybox /tmp/true; /tmp/true",
  },
];
