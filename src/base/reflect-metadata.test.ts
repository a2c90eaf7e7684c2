// The metadata functions: own entries, inheritance, and absence.
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import "./reflect-metadata.ts";

test("metadata is kept per class, found through the prototype chain, and undefined where nothing was set", () => {
  class Parent {}
  class Child extends Parent {}
  const reflect = Reflect as unknown as {
    defineMetadata(key: string, value: unknown, target: object): void;
    getOwnMetadata(key: string, target: object): unknown;
    getMetadata(key: string, target: object): unknown;
  };
  reflect.defineMetadata("k", 7, Parent);
  const seen = [
    reflect.getMetadata("k", Child),
    reflect.getOwnMetadata("k", Child),
    reflect.getOwnMetadata("k", Parent),
    reflect.getMetadata("other", Child),
  ];
  deepEqual(seen, [7, undefined, 7, undefined]);
});
