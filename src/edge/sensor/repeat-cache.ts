// What was told of files and calls lately, by the key of the kernel's de-duplication: a count of repeats names nothing else.
// Sets of two places, the older one leaves: what was pushed out by others is only counted. The fields of file deeds lie in columns, so that
// the events themselves, hundreds a second, can die young.
import { fileDeeds, type CallEvent, type DeedWay, type FileDeedEvent } from "../../core/sense/deed-events.ts";
import type { ProcessKey } from "../../core/sense/sensor.ts";
import { kindNames } from "./descriptor-kinds.ts";

const sets = 16_384;
const places = 2 * sets;

export interface RepeatKey {
  readonly low: number;
  readonly high: number;
}

export interface RepeatCache {
  /** The key is a u64 as two words; its lowest bit is always set. */
  remember(keyLow: number, keyHigh: number, event: FileDeedEvent | CallEvent): void;
  /** The kernel counted `total` repeats since it told. An event that stands for those not told yet; undefined when there are none, or it is forgotten. */
  repeat(key: RepeatKey, total: number, timeMs: number): FileDeedEvent | CallEvent | undefined;
  /** How often a count named an event that is forgotten. */
  forgotten(): number;
}

export function createRepeatCache(): RepeatCache {
  const lows = new Uint32Array(places);
  const highs = new Uint32Array(places);
  const told = new Uint32Array(places);
  /** Which half of a set is the newer one. */
  const halves = new Uint8Array(sets);
  const calls = new Map<number, CallEvent>();
  const files = createFileColumns();
  let forgotten = 0;

  function holds(place: number, low: number, high: number): boolean {
    return lows[place] === low && highs[place] === high;
  }

  /** -1: in neither place of its set. */
  function placeOf(low: number, high: number): number {
    const first = (low >>> 1) & (sets - 1);
    if (holds(first, low, high)) return first;
    return holds(first + sets, low, high) ? first + sets : -1;
  }

  return {
    remember(keyLow, keyHigh, event) {
      const set = (keyLow >>> 1) & (sets - 1);
      let place = set + sets * (halves[set] ?? 0);
      if (lows[place] !== 0 && !holds(place, keyLow, keyHigh)) {
        halves[set] = 1 - (halves[set] ?? 0);
        const newer = place;
        place = set + sets * (halves[set] ?? 0);
        // Told of long ago and again: it is known once.
        if (holds(newer, keyLow, keyHigh)) lows[newer] = 0;
      }
      lows[place] = keyLow;
      highs[place] = keyHigh;
      told[place] = 0;
      if (event.type === "file") {
        if (calls.size > 0) calls.delete(place);
        files.write(place, event);
      } else calls.set(place, event);
    },
    repeat({ low, high }, total, timeMs) {
      const place = placeOf(low, high);
      if (place === -1) {
        forgotten += 1;
        return undefined;
      }
      const before = told[place] ?? 0;
      if (total <= before) return undefined;
      told[place] = total;
      const call = calls.get(place);
      const count = total - before;
      return call === undefined ? files.read(place, timeMs, count) : { ...call, timeMs, count, isRepeat: true };
    },
    forgotten: () => forgotten,
  };
}

interface FileColumns {
  write(place: number, event: FileDeedEvent): void;
  read(place: number, timeMs: number, count: number): FileDeedEvent;
}

const ways: readonly DeedWay[] = ["syscall", "io_uring", "lsm", "notified"];
const nobody: ProcessKey = { pid: 0, startMs: 0 };

function createFileColumns(): FileColumns {
  const processes = column<ProcessKey>();
  const names = column<string>();
  const calls = column<string>();
  const paths = column<string>();
  const requestedPaths = column<string>();
  const targetPaths = column<string>();
  const deeds = new Uint8Array(places);
  const ofWays = new Uint8Array(places);
  const kinds = new Uint8Array(places);
  const uppers = new Uint8Array(places);
  const cgroupIds = new Float64Array(places);
  const inodes = new Float64Array(places);
  const flags = new Uint32Array(places);
  const modes = new Uint32Array(places);
  const devices = new Uint32Array(places);
  const errors = new Uint32Array(places);
  return {
    write(place, event) {
      processes[place] = event.process;
      names[place] = event.comm;
      calls[place] = event.call;
      paths[place] = event.path;
      requestedPaths[place] = event.requestedPath;
      targetPaths[place] = event.targetPath;
      deeds[place] = fileDeeds.indexOf(event.deed);
      ofWays[place] = ways.indexOf(event.way);
      kinds[place] = event.kind === undefined ? 0 : kindNames.indexOf(event.kind);
      uppers[place] = event.isUpper ? 1 : 0;
      cgroupIds[place] = event.cgroupId;
      inodes[place] = event.inode;
      flags[place] = event.flags;
      modes[place] = event.mode;
      devices[place] = event.device;
      errors[place] = event.error;
    },
    read: (place, timeMs, count) => ({
      type: "file",
      timeMs,
      process: processes[place] ?? nobody,
      comm: names[place] ?? "",
      cgroupId: cgroupIds[place] ?? 0,
      deed: fileDeeds[deeds[place] ?? 0] ?? "open",
      call: calls[place] ?? "",
      way: ways[ofWays[place] ?? 0] ?? "syscall",
      path: paths[place] ?? "",
      requestedPath: requestedPaths[place] ?? "",
      targetPath: targetPaths[place] ?? "",
      flags: flags[place] ?? 0,
      mode: modes[place] ?? 0,
      device: devices[place] ?? 0,
      inode: inodes[place] ?? 0,
      error: errors[place] ?? 0,
      isUpper: uppers[place] === 1,
      kind: kindNames[kinds[place] ?? 0],
      count,
      isRepeat: true,
    }),
  };
}

/** Filled from the start: a list with holes would become a table of hashes. */
function column<Value>(): (Value | undefined)[] {
  return Array.from({ length: places });
}
