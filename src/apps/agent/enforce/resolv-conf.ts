// Text of this node's resolv.conf: which nameservers its own questions go to.
import { readFileSync } from "node:fs";

const bytesMax = 65_536;

/** "" where there is none or it cannot be read: then only servers that settings or the cluster name are known. */
export function resolvConf(): string {
  try {
    return readFileSync("/etc/resolv.conf", "utf8").slice(0, bytesMax);
  } catch {
    return "";
  }
}
