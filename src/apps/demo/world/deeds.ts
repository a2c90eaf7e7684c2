// What a process of a pod's container does beside running and talking, as a kernel sensor would tell it: files, and the calls that open connections.
import type { FileDeed } from "../../../core/sense/deed-events.ts";
import { later, tell, type Pod, type SimProcess, type World } from "./state.ts";

export interface FileTouch {
  readonly deed: FileDeed;
  readonly call: string;
  readonly path: string;
  readonly flags?: number;
  readonly mode?: number;
  /** In the container's own layer: not of the image. */
  readonly isUpper: boolean;
  readonly atMs: number;
}

/** Nothing is told when the container is gone by then. */
export function touchFile(world: World, pod: Pod, by: SimProcess, touch: FileTouch): void {
  later(world, touch.atMs, (atMs) => {
    if (pod.main === undefined || pod.isGone) return;
    const { deed, call, path, flags = 0, mode = 0, isUpper } = touch;
    tell(world, pod.node, {
      type: "file",
      timeMs: Math.floor(atMs),
      process: by.key,
      comm: by.comm,
      cgroupId: pod.cgroupId,
      deed,
      call,
      way: "syscall",
      path,
      requestedPath: path,
      targetPath: "",
      flags,
      mode,
      device: 0,
      inode: 0,
      error: 0,
      isUpper,
      kind: "file",
      count: 1,
    });
  });
}

export interface ConnectCall {
  readonly address: string;
  readonly port: number;
  readonly atMs: number;
}

/** The call; the connection itself is told by network.ts. */
export function callConnect(world: World, pod: Pod, by: SimProcess, { address, port, atMs: dueMs }: ConnectCall): void {
  later(world, dueMs, (atMs) => {
    if (pod.main === undefined || pod.isGone) return;
    const tuple = { localAddress: pod.address, localPort: 0, remoteAddress: address, remotePort: port };
    tell(world, pod.node, {
      type: "call",
      timeMs: Math.floor(atMs),
      process: by.key,
      comm: by.comm,
      cgroupId: pod.cgroupId,
      call: "connect",
      way: "syscall",
      arguments: [5, 0, 16],
      result: 0,
      text: "",
      descriptor: { number: 5, kind: "ipv4", protocol: "tcp", path: "", tuple },
      credentials: undefined,
      count: 1,
    });
  });
}
