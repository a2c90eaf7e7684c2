// fs.path.* and evt.abspath: the paths of calls that work on paths. As in Falco they are there only when the call succeeded (evt.abspath: always).
import type { FileDeed, FileDeedEvent } from "../../sense/deed-events.ts";
import type { DetectEvent, Value } from "../event.ts";
import { plain, type Field } from "./field.ts";

type Read = (event: DetectEvent) => string;

/** Calls with two paths: which of the event's is the source and which the target, in Falco's words. A new link is the source of what it leads to. */
const pathAndTarget = { source: ({ path }: DetectEvent) => path, target: ({ targetPath }: DetectEvent) => targetPath };
const targetAndPath = { source: pathAndTarget.target, target: pathAndTarget.source };
const withTwo: Readonly<Partial<Record<FileDeed, { readonly source: Read; readonly target: Read }>>> = {
  rename: pathAndTarget,
  link: targetAndPath,
  symlink: pathAndTarget,
  mount: targetAndPath,
};

function deedOf({ raw }: DetectEvent): FileDeedEvent | undefined {
  return raw?.type === "file" ? raw : undefined;
}

/** What was asked for, where the event tells it: of `path` alone. */
function asAsked(event: DetectEvent, path: string): string {
  return path === event.path && event.requestedPath !== "" ? event.requestedPath : path;
}

function pathField(name: string, description: string, read: (event: DetectEvent, deed: FileDeed) => Value): Field {
  return plain(name, { type: "text", scope: "event", group: "descriptor", description }, (event) => {
    const deed = deedOf(event);
    const value = deed === undefined ? "" : read(event, deed.deed);
    return value === "" ? undefined : value;
  });
}

function ofSuccess(name: string, description: string, read: (event: DetectEvent, deed: FileDeed) => Value): Field {
  return pathField(name, description, (event, deed) => (event.result < 0 ? undefined : read(event, deed)));
}

const sides = ["source", "target"] as const;

export const pathFields: readonly Field[] = [
  ofSuccess("fs.path.name", "path of a call with one path, resolved", (event, deed) =>
    withTwo[deed] === undefined ? event.path : undefined,
  ),
  ofSuccess("fs.path.nameraw", "the same, as asked for", (event, deed) =>
    withTwo[deed] === undefined ? asAsked(event, event.path) : undefined,
  ),
  ...sides.flatMap((side) => [
    ofSuccess(`fs.path.${side}`, `${side} of a call with two paths`, (event, deed) => withTwo[deed]?.[side](event)),
    ofSuccess(`fs.path.${side}raw`, "the same, as asked for", (event, deed) => {
      const path = withTwo[deed]?.[side](event);
      return path === undefined ? undefined : asAsked(event, path);
    }),
  ]),
  pathField("evt.abspath", "path that the call is about, absolute", ({ path }) => path),
  pathField("evt.abspath.src", "the first of a call's two paths, absolute", ({ path }, deed) =>
    withTwo[deed] === undefined ? undefined : path,
  ),
  pathField("evt.abspath.dst", "the second of a call's two paths, absolute", ({ targetPath }, deed) =>
    withTwo[deed] === undefined ? undefined : targetPath,
  ),
];
