// XML bodies: texts and attributes, errors, nothing expanded, limits, and that chunks do not matter.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { array, assert as holds, constantFrom, property } from "fast-check";
import { cuts, inPieces, recordBody, roomyLimits, type MakeParser } from "../../../../test/support/recorded-body.ts";
import { createXmlParser } from "./xml.ts";

const make: MakeParser = (sink) => createXmlParser(sink, roomyLimits);
const toldOf = (body: string) => recordBody(make, [body]).told.map(([kind, value]) => `${kind} ${value}`);

const good: readonly (readonly [string, readonly string[]])[] = [
  ["<a x=\"1\">t<b y='2&amp;3'>u</b>v</a>", ["attribute 1", "text t", "attribute 2&3", "text u", "text v"]],
  ["<a/>", []],
  ["<a><![CDATA[<x>&amp;]]>y<!-- c > -->z<?pi d?></a>", ["text <x>&amp;yz"]],
  ["<a>&#65;&#x42;&#x20ac;&lt;&apos;</a>", ["text AB\xe2\x82\xac<'"]],
  ['<a xmlns:n="u" xmlns="v" n:x="1"><n:b >q</n:b ></a >', ["attribute 1", "text q"]],
  ["<a>\n  <b>1</b>\n  <c>2\xc3\xa0</c>\n</a>\n", ["text 1", "text 2\xc3\xa0"]],
  ['<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>', ["text \xe9"]],
  ['\xef\xbb\xbf<?xml version="1.0"?><!DOCTYPE a><a b="x>y"/>', ["attribute x>y"]],
  ["<a><!----><!-- - -->x</a><!-- end -->", ["text x"]],
  ["", []],
];

const bad: readonly (readonly [string, readonly string[]])[] = [
  ["<a>", []],
  ["<a>x", ["text x"]],
  ["<a></b>", []],
  ["<a></a></a>", []],
  ["<a></a><b>y</b>", ["text y"]],
  ["<a></a>junk", ["text junk"]],
  ["junk", ["text junk"]],
  [" ", []],
  ["<a x=1/>", ["attribute x=1"]],
  ["<a x>t</a>", ["attribute x", "text t"]],
  ['<a x="1" x="2"/>', ["attribute 1", "attribute 2"]],
  ['<a x="1"y="2"/>', ["attribute 1", "attribute 2"]],
  ["<A></a>", []],
  ["<a>&bad;&lt</a>", ["text &bad;&lt"]],
  ["<a>&#0;&#xd800;&#x110000;</a>", ["text &#0;&#xd800;&#x110000;"]],
  ["<a>\xff</a>", ["text \xff"]],
  ["<a>\0</a>", ["text \0"]],
  ['<a b="<"/>', ["attribute <"]],
  ["<a><!ELEMENT b></a>", []],
  ['<a b="unclosed>', ['attribute a b="unclosed>']],
  ['<?xml version="1.0" encoding="utf-16"?><a/>', []],
  ["\xff\xfe<\0a\0/\0>\0", []],
  ["<a><!DOCTYPE a></a>", []],
  ["< a/>", ["attribute a"]],
];

describe("XML bodies", () => {
  for (const [body, told] of good)
    it(body, () => {
      assert.deepEqual(toldOf(body), told);
      assert.equal(recordBody(make, [body]).verdict.error, "");
    });

  for (const [body, told] of bad)
    it(`is an error: ${JSON.stringify(body)}`, () => {
      assert.notEqual(recordBody(make, [body]).verdict.error, "");
      for (const one of told) assert.ok(toldOf(body).includes(one), one);
    });

  it("declarations are never expanded; rules see their text", () => {
    const entities = Array.from(
      { length: 30 },
      (_, index) => `<!ENTITY e${String(index + 1)} "&e${String(index)};&e${String(index)};">`,
    );
    const bomb = `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e0 "lol]>">${entities.join("")}]><a>&e30;</a>`;
    const { told, verdict } = recordBody(make, [bomb]);
    assert.match(verdict.error, /document type/);
    assert.deepEqual(told.at(-1), ["text", "&e30;"]);
    assert.ok(told.every(([, value]) => value.length <= bomb.length));
    const outside = recordBody(make, ['<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>']);
    assert.notEqual(outside.verdict.error, "");
    assert.deepEqual(outside.told, [["attribute", 'a SYSTEM "file:///etc/passwd"'.replace("a ", "a ")]]);
  });

  it("one text for the whole document when asked", () => {
    const maker: MakeParser = (sink) => createXmlParser(sink, roomyLimits, { texts: "document" });
    assert.deepEqual(recordBody(maker, ["<a>t<b> u</b>\nv</a>"]).told, [["text", "t u\nv"]]);
    assert.deepEqual(recordBody(maker, ["<a/>"]).told, [["text", ""]]);
  });

  it("single texts, and the whole document's where elements cut it in pieces", () => {
    const maker: MakeParser = (sink) => createXmlParser(sink, roomyLimits, { texts: "both" });
    assert.deepEqual(recordBody(maker, ["<a>t<b> u</b>\nv</a>"]).told, [
      ["text", "t"],
      ["text", "u"],
      ["text", "v"],
      ["text", "t u\nv"],
    ]);
    assert.deepEqual(recordBody(maker, ["<a>\n<b>t</b>\n</a>"]).told, [["text", "t"]]);
    assert.deepEqual(recordBody(maker, ["<a/>"]).told, []);
  });

  it("texts and attributes come with their names", () => {
    const named: string[] = [];
    const parser = createXmlParser(
      {
        argument: () => undefined,
        file: () => undefined,
        partHeader: () => undefined,
        xmlText: (text, name) => named.push(`${name}=${text}`),
        xmlAttribute: (value, name) => named.push(`@${name}=${value}`),
      },
      roomyLimits,
    );
    parser.write('<l p="1">x<password>y</password>z</l>');
    parser.end();
    assert.deepEqual(named, ["@p=1", "l=x", "password=y", "l=z"]);
  });

  it("chunks do not change what is told", () => {
    const pieces = constantFrom(
      "<a",
      "<",
      ">",
      "/>",
      "</a>",
      " x='1'",
      '"',
      "&lt;",
      "&",
      ";",
      "<!--",
      "-->",
      "-",
      "<![CDATA[",
      "]]>",
      "]",
      "<?xml",
      "?>",
      "<!DOCTYPE a",
      "[",
      "t",
      "\n",
      "\xc3\xa9",
      "<b>",
      "</b>",
    );
    holds(
      property(array(pieces, { maxLength: 16 }), cuts, (parts, places) => {
        const body = parts.join("");
        assert.deepEqual(recordBody(make, inPieces(body, places)), recordBody(make, [body]), body);
      }),
      { numRuns: 5_000 },
    );
  });

  it("limits are named: depth, values, names, bytes", () => {
    const limitOf = (body: string, limits: Partial<typeof roomyLimits>) =>
      recordBody((sink) => createXmlParser(sink, { ...roomyLimits, ...limits }), [body]).verdict.limit;
    assert.equal(limitOf("<a><b><c></c></b></a>", { depthMax: 2 }), "depthMax");
    assert.equal(limitOf("<a><b><c/></b></a>", { depthMax: 2 }), "");
    assert.equal(limitOf("<a x='1' y='2' z='3'/>", { argumentsMax: 2 }), "argumentsMax");
    assert.equal(limitOf(`<${"n".repeat(20)}/>`, { nameBytesMax: 10 }), "nameBytesMax");
    assert.equal(limitOf("<a>bcdef</a>", { bytesMax: 8 }), "bytesMax");
  });

  it("a million elements, comments and references are bounded", () => {
    assert.equal(recordBody(make, ["<a>".repeat(1_000_000)]).verdict.limit, "depthMax");
    assert.equal(recordBody(make, [`<a>${"<b x='1'/>".repeat(100_000)}`]).verdict.limit, "argumentsMax");
    assert.deepEqual(recordBody(make, [`<a>${"<!-- > -->".repeat(100_000)}</a>`]).told, []);
    assert.deepEqual(
      recordBody(make, ["<a><!--", ...Array.from({ length: 20_000 }, () => ">-->".slice(0, 2)), "--></a>"]).told,
      [],
    );
    assert.equal(recordBody(make, [`<a>${"&lt;".repeat(200_000)}</a>`]).told[0]?.[1].length, 200_000);
    assert.equal(recordBody(make, [`<a ${"x ".repeat(200_000)}`]).told.length, 1);
  });
});
