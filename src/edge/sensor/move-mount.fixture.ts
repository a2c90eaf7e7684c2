// A child of a test, in a mount namespace of its own: mounts a tmpfs by descriptors on the folder that its argument names.
import { mountDetached } from "./detached-mounts.ts";
import { memory, rawCall } from "./raw-calls.fixture.ts";

const AT_FDCWD = -100;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const mounted = mountDetached("tmpfs");
if (typeof mounted === "string") throw new Error(mounted);
const result = rawCall(
  "move_mount",
  mounted,
  memory(""),
  AT_FDCWD,
  memory(process.argv[2] ?? ""),
  MOVE_MOUNT_F_EMPTY_PATH,
);
if (result !== 0) throw new Error(`move_mount: ${result}`);
