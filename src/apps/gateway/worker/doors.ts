// Doors that are asked about requests instead of carrying them: Envoy's two, and nginx's sub-request. Each is made when its first connection comes.
import type { Socket } from "node:net";
import type { Logger } from "../../../base/logger.ts";
import { createAuthRequestDoor } from "../nginx/auth-request.ts";
import { createEnvoyDoor } from "../envoy/envoy-door.ts";
import type { ConnectionSource, Inspector } from "../inspect.ts";
import type { HttpLimits } from "../limits.ts";
import type { TrustedProxies } from "../trusted-proxies.ts";
import type { ListeningDoor } from "./messages.ts";

export interface DoorParts {
  readonly inspector: Inspector;
  readonly proxies: TrustedProxies;
  readonly limits: HttpLimits;
  readonly logger: Logger;
}

export interface AskedDoor {
  accept(socket: Socket, source: ConnectionSource): void;
  readonly requests: number;
  close(drainMs: number): Promise<void>;
}

export interface Doors {
  accept(door: Exclude<ListeningDoor, "proxy">, socket: Socket, source: ConnectionSource): void;
  requests(): Readonly<Record<string, number>>;
  close(drainMs: number): Promise<void>;
}

export function createDoors(parts: DoorParts): Doors {
  const made = new Map<string, AskedDoor>();
  function doorOf(name: Exclude<ListeningDoor, "proxy">): AskedDoor {
    let door = made.get(name);
    if (door === undefined) {
      door = name === "authrequest" ? createAuthRequestDoor(parts) : createEnvoyDoor(parts, name);
      made.set(name, door);
    }
    return door;
  }
  return {
    accept: (door, socket, source) => doorOf(door).accept(socket, source),
    requests: () => Object.fromEntries([...made].map(([name, door]) => [name, door.requests])),
    async close(drainMs) {
      await Promise.all([...made.values()].map((door) => door.close(drainMs)));
    },
  };
}
