// A gateway of transparent mode as a process of its own, to be killed: node gateway.fixture.ts NETNS PORT open|closed FOLDER. Says "ready" when it is,
// and each notice as a line of JSON.
import { silentLogger } from "../../../base/logger.ts";
import { openNftables } from "../../../edge/dataplane/nftables/open-nftables.ts";
import { createHttpSide } from "../http/create-http-side.ts";
import { scriptedInspector } from "../http/side.fixture.ts";
import { httpLimits } from "../limits.ts";
import { openTransparent } from "./open-transparent.ts";

const [netns = "", port = "", onDown = "", folder = ""] = process.argv.slice(2);
const nowMs = () => Date.now();
const logger = silentLogger;
const mode = openTransparent({
  openDataplane: (given) => openNftables({ ...given, clock: { nowMs }, logger }),
  folder,
  onNotice: (notice) => process.stdout.write(`${JSON.stringify(notice)}\n`),
  nowMs,
  logger,
});
const side = createHttpSide({
  inspector: scriptedInspector({}).inspector,
  upstreamFor: (source) => mode.door.upstreamFor(source),
  forwarded: "none",
  isTrustedProxy: () => false,
  limits: httpLimits,
  nowMs,
  logger,
});
mode.door.useSide(side);
const ports = [{ port: Number(port), onDown: onDown === "closed" ? ("closed" as const) : ("open" as const) }];
const problems = await mode.set([{ netns, label: "netns app", ports }]);
process.on("SIGTERM", () => void mode.close(0).then(() => process.exit(0)));
process.stdout.write(problems.length === 0 ? "ready\n" : `${problems.join("\n")}\n`);
