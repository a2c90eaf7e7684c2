// A gateway of transparent mode as a process of its own, to be killed: node gateway.fixture.ts NETNS PORT open|closed. Says "ready" when it is.
import { silentLogger } from "../../../base/logger.ts";
import { createHttpSide } from "../http/create-http-side.ts";
import { scriptedInspector } from "../http/side.fixture.ts";
import { httpLimits } from "../limits.ts";
import { createTransparentDoor } from "./door.ts";
import { doorLimits } from "./limits.ts";
import { attachPath } from "./rig.fixture.ts";
import { transparentLimits } from "../../../core/waf/transparent/limits.ts";

const [path = "", port = "", onDown = ""] = process.argv.slice(2);
const nowMs = () => Date.now();
const door = createTransparentDoor({
  limits: doorLimits,
  nowMs,
  logger: silentLogger,
  onNotInspected: () => undefined,
});
const side = createHttpSide({
  inspector: scriptedInspector({}).inspector,
  upstreamFor: (source) => door.upstreamFor(source),
  forwarded: "none",
  isTrustedProxy: () => false,
  limits: httpLimits,
  nowMs,
  logger: silentLogger,
});
door.useSide(side);
const attachment = attachPath(path, door, [{ port: Number(port), onDown: onDown === "closed" ? "closed" : "open" }]);
setInterval(() => attachment.beat(), transparentLimits.beatMs);
process.on("SIGTERM", () => void attachment.detach(0).then(() => process.exit(0)));
process.stdout.write("ready\n");
