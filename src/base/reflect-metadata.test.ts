// The metadata functions: own entries, inheritance, and absence.
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import "./reflect-metadata.ts";

test("metadata is kept per class, found through the prototype chain, and undefined where nothing was set", () => {
  const parent = {};
  const child: object = Object.create(parent) as object;
  const reflect = Reflect as unknown as {
    defineMetadata(key: string, value: unknown, target: object): void;
    getOwnMetadata(key: string, target: object): unknown;
    getMetadata(key: string, target: object): unknown;
  };
  reflect.defineMetadata("k", 7, parent);
  const seen = [
    reflect.getMetadata("k", child),
    reflect.getOwnMetadata("k", child),
    reflect.getOwnMetadata("k", parent),
    reflect.getMetadata("other", child),
  ];
  deepEqual(seen, [7, undefined, 7, undefined]);
});
