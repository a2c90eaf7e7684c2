// Judgements by what policies can tell apart: two identities, protocol and port. An open hash table over numbers; full, it forgets everything.
import { mixed } from "./hash.ts";

export const memoryLimits = {
  /** Half of the places of the table. */
  rememberedMax: 1 << 20,
} as const;

export interface PairMemory<Value> {
  get(source: number, destination: number, service: number): Value | undefined;
  /** Right after a `get` of the same key that found nothing. */
  set(source: number, destination: number, service: number, value: Value): void;
  clear(): void;
}

const placesFirst = 1 << 12;

export function createPairMemory<Value>(): PairMemory<Value> {
  let places = placesFirst;
  let keys = new Uint32Array(places * 3);
  let values: Value[] = [];
  let numbers = new Uint32Array(places);

  /** Where the key is, or would be. */
  const placeOf = (source: number, destination: number, service: number): number => {
    let place = mixed(Math.imul(source, 0x9e3779b1) ^ Math.imul(destination, 0x85ebca77) ^ service) & (places - 1);
    while (numbers[place] !== 0) {
      const at = place * 3;
      if (keys[at] === source && keys[at + 1] === destination && keys[at + 2] === service) return place;
      place = (place + 1) & (places - 1);
    }
    return place;
  };
  const put = (source: number, destination: number, service: number, number: number) => {
    const place = placeOf(source, destination, service);
    numbers[place] = number;
    keys[place * 3] = source;
    keys[place * 3 + 1] = destination;
    keys[place * 3 + 2] = service;
  };
  const clear = () => {
    if (values.length === 0) return;
    places = placesFirst;
    keys = new Uint32Array(places * 3);
    numbers = new Uint32Array(places);
    values = [];
  };
  const grow = () => {
    const before = { keys, numbers };
    places *= 2;
    keys = new Uint32Array(places * 3);
    numbers = new Uint32Array(places);
    for (const [place, number] of before.numbers.entries()) {
      if (number === 0) continue;
      const at = place * 3;
      put(before.keys[at] as number, before.keys[at + 1] as number, before.keys[at + 2] as number, number);
    }
  };

  return {
    get(source, destination, service) {
      const number = numbers[placeOf(source, destination, service)] as number;
      return number === 0 ? undefined : values[number - 1];
    },
    set(source, destination, service, value) {
      if (values.length >= memoryLimits.rememberedMax) clear();
      if (values.length * 2 >= places) grow();
      values.push(value);
      put(source, destination, service, values.length);
    },
    clear,
  };
}
