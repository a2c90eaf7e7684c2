// Inside the guest: the AppArmor profile that Garrison writes, loaded into a real kernel: enforced it denies what was not learnt, in log mode it lets it pass.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mergeUsage } from "../../src/core/profile/learnt.ts";
import { appArmorText } from "../../src/core/profile/write/apparmor.ts";
import { check } from "./guest-checks.ts";

const profiles = "/sys/kernel/security/apparmor/profiles";

function textIn(mode: "log" | "enforce"): string {
  return appArmorText({
    target: { namespace: "shop", workload: "web", workloadKind: "Deployment", container: "" },
    mode,
    learnt: mergeUsage([]),
    confidence: { level: "high", hours: 1, replicas: 1, starts: 1, because: [] } as never,
    nowMs: 0,
    files: {
      executables: ["/bin/busybox"],
      libraries: [],
      reads: ["/srv/learnt"],
      writes: [],
      networks: [],
      because: [],
    },
  });
}

function load(text: string): string {
  writeFileSync("/tmp/profile", text);
  const { status, stderr, stdout } = spawnSync("/usr/sbin/apparmor_parser", ["-r", "-K", "/tmp/profile"], {
    encoding: "utf8",
  });
  return status === 0 ? "" : `${status} ${stdout}${stderr}`;
}

/** A busybox applet that runs under the profile. */
function confined(line: string): string {
  const script = `echo "exec garrison-shop-web" > /proc/self/attr/exec && exec /bin/busybox ${line}`;
  const { stdout, stderr } = spawnSync("/bin/sh", ["-c", script], { encoding: "utf8" });
  return `${stdout}${stderr}`.trim();
}

mkdirSync("/srv", { recursive: true });
writeFileSync("/srv/learnt", "learnt");
writeFileSync("/srv/secret", "s3cret");
const text = textIn("enforce");
const problem = load(text);
check("the enforced profile loads", problem === "", { problem, text });
check(
  "the kernel has it, enforced",
  readFileSync(profiles, "utf8").includes("garrison-shop-web (enforce)"),
  readFileSync(profiles, "utf8"),
);
const [learnt, secret] = [confined("cat /srv/learnt"), confined("cat /srv/secret")];
check("what was learnt is read", learnt === "learnt", learnt);
check("what was not learnt is denied", /denied/i.test(secret) && !secret.includes("s3cret"), secret);
const outside = spawnSync("/bin/busybox", ["cat", "/srv/secret"], { encoding: "utf8" }).stdout;
check("who is not confined is not touched", outside === "s3cret", outside);
check("the profile in log mode loads over it", load(textIn("log")) === "", textIn("log"));
check(
  "the kernel has it, complaining",
  readFileSync(profiles, "utf8").includes("garrison-shop-web (complain)"),
  readFileSync(profiles, "utf8"),
);
const passed = confined("cat /srv/secret");
check("in log mode it passes", passed === "s3cret", passed);
