// What the decoder asks about paths, and what it keeps of them for repeats.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileDeeds, type FileDeed } from "../../core/sense/deed-events.ts";
import { decodeFile } from "./decode-file.ts";
import type { DecodeContext, Source } from "./decode-source.ts";
import { fileCalls } from "./deed-programs.ts";
import { eventFlag, layout } from "./layout.gen.ts";
import type { PathQuestion } from "./path-places.ts";
import { createRepeatCache } from "./repeat-cache.ts";
import { createStringCache } from "./string-cache.ts";
import { createTextCache } from "./text-cache.ts";

const fields = layout.fileEvent;
const key = { low: 7, high: 1 };

interface Deed {
  readonly deed: FileDeed;
  readonly call: string;
  readonly path?: string;
  readonly requested?: string;
  readonly directory?: string;
  readonly target?: string;
  readonly targetDirectory?: string;
  readonly flags?: number;
}

function sourceOf(deed: Deed, context: Omit<DecodeContext, "texts" | "strings" | "bootMs">) {
  const { path = "", requested = "", directory = "", target = "", targetDirectory = "", flags = 0 } = deed;
  const texts = [path, requested, directory, target, targetDirectory];
  const length = fields.size + texts.join("").length;
  const memory = new ArrayBuffer(Math.ceil(length / 8) * 8 + 16);
  const views = { bytes: Buffer.from(memory), halves: new Uint16Array(memory), words: new Uint32Array(memory) };
  const { bytes, halves, words } = views;
  words[fields.key >> 2] = key.low;
  words[(fields.key >> 2) + 1] = key.high;
  words[fields.mountNamespace >> 2] = 5;
  halves[fields.deed >> 1] = fileDeeds.indexOf(deed.deed);
  halves[fields.call >> 1] = fileCalls.findIndex((call) => call === deed.call);
  halves[layout.eventHeader.flags >> 1] = flags;
  const lengths = [
    fields.pathBytes,
    fields.requestedBytes,
    fields.directoryBytes,
    fields.targetBytes,
    fields.targetDirectoryBytes,
  ];
  for (const [index, at] of lengths.entries()) halves[at >> 1] = texts[index]?.length ?? 0;
  bytes.write(texts.join(""), fields.size);
  const whole = { ...context, texts: createTextCache(), strings: createStringCache(), bootMs: 0 };
  return { source: { views, words, halves, texts: whole.texts, context: whole } satisfies Source, length };
}

test("a repeat says where its file lies on the host, also when nobody can be asked any more", () => {
  const plain = { texts: createTextCache(), strings: createStringCache(), bootMs: 0 };
  const repeats = createRepeatCache(
    (views) => (at, length) =>
      decodeFile({ views, words: views.words, halves: views.halves, texts: plain.texts, context: plain }, at, length),
  );
  const hosts = { pathOf: () => "/etc/shadow", changed: () => {}, newTurn: () => {}, unread: () => 0 };
  const { source, length } = sourceOf({ deed: "open", call: "openat", path: "/host/etc/shadow" }, { hosts, repeats });
  assert.equal(decodeFile(source, 0, length)?.hostPath, "/etc/shadow");
  const repeat = repeats.repeat(key, 3, 10);
  assert.ok(repeat?.type === "file");
  assert.equal(repeat.hostPath, "/etc/shadow");
  assert.equal(repeat.count, 3);
});

const roots: readonly (readonly [
  what: string,
  deed: Deed,
  asked: readonly [path: string, root: string | undefined][],
])[] = [
  ["absolute: the top", { deed: "unlink", call: "unlink", requested: "/a" }, [["/a", "/"]]],
  [
    "absolute in a chroot",
    { deed: "unlink", call: "unlink", requested: "/a", directory: "/cage" },
    [["/cage/a", "/cage"]],
  ],
  ["relative", { deed: "unlink", call: "unlink", requested: "a", directory: "/x" }, [["/x/a", undefined]]],
  [
    "both names of a rename",
    { deed: "rename", call: "rename", requested: "a", directory: "/x", target: "/b" },
    [
      ["/x/a", undefined],
      ["/b", "/"],
    ],
  ],
  [
    "a root that was too long to tell",
    { deed: "rename", call: "rename", requested: "/a", target: "/b", flags: eventFlag.pathCut },
    [["/b", undefined]],
  ],
];
for (const [what, deed, expected] of roots) {
  test(`the root that a path is walked in, ${what}`, () => {
    const asked: PathQuestion[] = [];
    const places = {
      resolve: (question: PathQuestion) => {
        asked.push(question);
        return question.path;
      },
      newTurn: () => {},
      close: () => {},
      unwalked: () => 0,
    };
    const { source, length } = sourceOf(deed, { places });
    decodeFile(source, 0, length);
    assert.deepEqual(
      asked.map(({ path, root }) => [path, root]),
      expected,
    );
  });
}
