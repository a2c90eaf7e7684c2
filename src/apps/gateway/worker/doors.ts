// Doors that are asked about requests instead of carrying them: Envoy's two, and nginx's sub-request. Each is made when its first connection comes.
import type { Socket } from "node:net";
import type { Logger } from "../../../base/logger.ts";
import type { ConnectionSource, Inspector } from "../inspect.ts";
import type { HttpLimits } from "../limits.ts";
import type { TrustedProxies } from "../trusted-proxies.ts";
import type { ListeningDoor } from "./messages.ts";

export interface DoorParts {
  readonly inspector: Inspector;
  readonly proxies: TrustedProxies;
  readonly limits: HttpLimits;
  /** In blocking mode, a body of which the door got a part only. */
  readonly onBodyTooLarge: "block" | "pass";
  readonly logger: Logger;
}

export interface AskedDoor {
  accept(socket: Socket, source: ConnectionSource): void;
  readonly requests: number;
  close(drainMs: number): Promise<void>;
}

export type AskedDoorName = Exclude<ListeningDoor, "proxy">;

export interface Doors {
  accept(door: AskedDoorName, socket: Socket, source: ConnectionSource): void;
  requests(): Readonly<Record<string, number>>;
  close(drainMs: number): Promise<void>;
}

export function createDoors(parts: DoorParts): Doors {
  const opening = new Map<string, Promise<AskedDoor>>();
  const made = new Map<string, AskedDoor>();
  async function open(name: AskedDoorName): Promise<AskedDoor> {
    const door = await make(parts, name);
    made.set(name, door);
    return door;
  }
  return {
    accept(name, socket, source) {
      const door = made.get(name);
      if (door !== undefined) return door.accept(socket, source);
      let promised = opening.get(name);
      if (promised === undefined) opening.set(name, (promised = open(name)));
      promised.then(
        (opened) => opened.accept(socket, source),
        (error: Error) => {
          parts.logger.error({ door: name, error: error.message }, "a door could not be opened");
          socket.destroy();
        },
      );
    },
    requests: () => Object.fromEntries([...made].map(([name, door]) => [name, door.requests])),
    async close(drainMs) {
      await Promise.all([...made.values()].map((door) => door.close(drainMs)));
    },
  };
}

/** Loaded when they are used: what they need is a good part of a worker's memory. */
async function make(parts: DoorParts, name: AskedDoorName): Promise<AskedDoor> {
  if (name === "authrequest") return (await import("../nginx/auth-request.ts")).createAuthRequestDoor(parts);
  return (await import("../envoy/envoy-door.ts")).createEnvoyDoor(parts, name);
}
