// Which connects were told as calls, by process and other end: of a connection that began otherwise (fast open, io_uring) nobody may have told.
// Bounded; what falls out is told a second time.
import type { SensorEvent } from "../../sense/sensor.ts";

export const toldConnectsMax = 2048;

type Told = Pick<SensorEvent, "process">;

export interface ToldConnects {
  note(told: Told, address: string, port: number): void;
  /** True: the kernel told of this process's connect to that end, or this one did (it is noted now). */
  wasTold(told: Told, address: string, port: number): boolean;
  /** Another program: its connects are told anew. */
  forget(told: Told): void;
}

export function createToldConnects(): ToldConnects {
  /** Ends by process, the longest unused first. */
  const ends = new Map<string, Set<string>>();
  const nameOf = ({ process }: Told): string => `${process.pid} ${process.startMs}`;
  let size = 0;

  function drop(name: string): void {
    size -= ends.get(name)?.size ?? 0;
    ends.delete(name);
  }

  function note(told: Told, address: string, port: number): boolean {
    const name = nameOf(told);
    const own = ends.get(name) ?? new Set<string>();
    const end = `${address} ${port}`;
    ends.delete(name);
    ends.set(name, own);
    if (own.has(end)) return true;
    own.add(end);
    size += 1;
    while (size > toldConnectsMax) {
      const [oldest = name] = ends.keys();
      drop(oldest);
    }
    return false;
  }

  return {
    note: (told, address, port) => void note(told, address, port),
    wasTold: note,
    forget: (told) => {
      if (ends.size > 0) drop(nameOf(told));
    },
  };
}
