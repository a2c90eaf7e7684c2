// What a person is told of the agent's connection: that it tries, that it is there, and why it is not, each cause once.
import type { Fault } from "../../base/fault.ts";
import type { UplinkConnection } from "../../edge/uplink/uplink.ts";

/** Distinct causes that are told; the server names some of them, so that there must be an end. Every one is in the log. */
const causesMax = 32;

export interface ConnectionWords {
  /** For the lines of the start. */
  readonly first: string;
  /** The first line is out: what came meanwhile, and all later ones, may follow it. */
  begin(): void;
  take(connection: UplinkConnection): void;
}

/** `server` is "host:port" of the agents' door. `say` gets one line at a time, without a line's end. */
export function createConnectionWords(server: string, say: (line: string) => void): ConnectionWords {
  const told = new Set<string>();
  const held: string[] = [];
  let hasBegun = false;
  let isConnectedTold = false;

  function tell(line: string): void {
    if (hasBegun) say(line);
    else held.push(line);
  }
  return {
    first: `agent    connecting to ${server} ...`,
    begin() {
      hasBegun = true;
      for (const line of held.splice(0)) say(line);
    },
    take(connection) {
      if (connection.connected) {
        if (!isConnectedTold) tell(`agent    connected to ${server} as ${connection.cluster}/${connection.node}`);
        isConnectedTold = true;
        return;
      }
      const { fault } = connection;
      if (told.has(fault.code) || told.size >= causesMax) return;
      told.add(fault.code);
      // What was said of being connected is no longer so: it is said again when it is.
      isConnectedTold = false;
      tell(`agent    not connected to ${server}: ${causeOf(fault)}; it goes on trying`);
    },
  };
}

/** Message and hint on one line, whatever the server wrote into them. */
function causeOf({ message, hint }: Fault): string {
  const text = hint === undefined ? message : `${message} (${hint})`;
  return text.replaceAll(/\s+/g, " ").trim();
}
