// trim, trimLeft, trimRight: white space of C at the ends gone.
import { byteMask, maskHas, whitespace } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const space = byteMask(whitespace);

function start(value: string): number {
  let index = 0;
  while (index < value.length && maskHas(space, value.charCodeAt(index))) index += 1;
  return index;
}

function end(value: string): number {
  let index = value.length;
  while (index > 0 && maskHas(space, value.charCodeAt(index - 1))) index -= 1;
  return index;
}

export const trimLeft: Transformation = {
  name: "trimleft",
  apply: (value) => value.slice(start(value)),
  trigger: space,
  growthMax: 1,
};

export const trimRight: Transformation = {
  name: "trimright",
  apply: (value) => value.slice(0, end(value)),
  trigger: space,
  growthMax: 1,
};

export const trim: Transformation = {
  name: "trim",
  apply: (value) => trimLeft.apply(trimRight.apply(value)),
  trigger: space,
  growthMax: 1,
};
