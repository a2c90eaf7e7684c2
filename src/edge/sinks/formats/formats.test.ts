// The formats byte by byte, and for any text: what is escaped can be read back, what is bounded keeps its bound and its form.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { sinkFormats } from "../../../model/sink.ts";
import { sampleEvent } from "../sinks.fixture.ts";
import { cefMessage, escapeHeader, escapeValue } from "./cef.ts";
import { falcoAlert } from "./falco.ts";
import { jsonWithin } from "./json-within.ts";
import { lineOf } from "./line.ts";
import { octetCounted, syslogHeader } from "./syslog.ts";
import { fillTemplate } from "./template.ts";

test("Falco's JSON: its members in its order, numbers as numbers, null for no value", () => {
  const alert = falcoAlert(sampleEvent());
  assert.deepEqual(Object.keys(alert), [
    "uuid",
    "output",
    "priority",
    "rule",
    "source",
    "tags",
    "time",
    "hostname",
    "output_fields",
  ]);
  assert.equal(alert.output, "10:00:00.123000000: Error A shell was spawned (user=root shell=bash cmdline=bash -i)");
  assert.deepEqual(
    [alert.priority, alert.source, alert.time, alert.hostname, alert.tags],
    ["Error", "syscall", "2026-11-26T10:00:00.123000000Z", "node-1", ["container", "shell", "T1059"]],
  );
  const fields = alert.output_fields;
  assert.deepEqual(
    ["evt.time", "proc.cmdline", "proc.tty", "fd.name", "user.uid", "container.id", "k8s.ns.name", "proc.pid"].map(
      (name) => fields[name],
    ),
    [1795687200123000000, "bash -i", 34816, null, 0, "0123456789ab", "shop", 4711],
  );
  assert.match(JSON.stringify(alert), /"evt\.time":1795687200123000000[,}]/, "digits, not an exponent");
  const audit = falcoAlert(sampleEvent({ outputFields: ["ka.verb=create", "__proto__=x"] }));
  assert.deepEqual([audit.source, Object.hasOwn(audit.output_fields, "__proto__")], ["k8s_audit", true]);
});

test("CEF: header and extension are escaped by their own rules", () => {
  const cases: [string, string, string][] = [
    ["a|b", String.raw`a\|b`, "a|b"],
    ["a=b", "a=b", String.raw`a\=b`],
    [String.raw`a\b`, String.raw`a\\b`, String.raw`a\\b`],
    ["a\nb", "a b", String.raw`a\nb`],
    ["a\r\nb", "a b", String.raw`a\r\nb`],
    ["a\tb\u0000c\u2028d", "a b c d", "a b c d"],
    ["süß", "süß", "süß"],
  ];
  for (const [text, header, value] of cases)
    assert.deepEqual([escapeHeader(text), escapeValue(text)], [header, value], JSON.stringify(text));
  const { text, isCut } = cefMessage(sampleEvent({ rule: "a|b=c", message: "x=1|y\nz" }), "1.2.3");
  assert.ok(!isCut);
  assert.ok(
    text.startsWith(
      String.raw`CEF:0|Garrison|Garrison|1.2.3|a\|b=c|A shell was started in a container|8|rt=1795687200123 externalId=`,
    ),
    text,
  );
  assert.ok(text.includes(String.raw` msg=x\=1|y\nz `), text);
  assert.ok(text.includes(" cs1=shop cs1Label=namespace cs2=web cs2Label=workload "), text);
});

/** Reads CEF as a receiver does: seven header fields, then keys at unescaped equals signs. */
function readCef(line: string): {
  readonly header: readonly string[];
  readonly extension: ReadonlyMap<string, string>;
} {
  const header: string[] = [];
  let at = 0;
  let field = "";
  while (header.length < 7) {
    const character = line[at] ?? assert.fail("the header ended early");
    if (character === "\\") field += line[(at += 1)] ?? "";
    else if (character === "|") {
      header.push(field);
      field = "";
    } else field += character;
    at += 1;
  }
  const extension = new Map<string, string>();
  const keys = [...line.slice(at).matchAll(/(?:^| )([A-Za-z0-9]+)=/g)];
  const rest = line.slice(at);
  for (const [index, key] of keys.entries()) {
    const value = rest.slice(key.index + key[0].length, keys[index + 1]?.index);
    extension.set(
      key[1] ?? "",
      value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped === "r" ? "\r" : escaped)),
    );
  }
  return { header, extension };
}

test("CEF of any text can be read back, and is one line", () => {
  const word = fc.string({ unit: "binary", maxLength: 60 });
  fc.assert(
    fc.property(word, word, word, (rule, message, workload) => {
      const { text } = cefMessage(sampleEvent({ rule, message: `m${message}`, workload, title: "t" }), "1");
      assert.ok(!/[\r\n]/.test(text));
      const { header, extension } = readCef(text);
      const shown = (given: string) => given.toWellFormed().replaceAll(/(?![\n\r])[\p{Cc}\u2028\u2029]/gu, " ");
      assert.equal(header[4], shown(rule).replaceAll(/[\r\n]+/g, " "));
      assert.equal(extension.get("msg"), shown(`m${message}`));
      assert.equal(extension.get("cs2") ?? "", shown(workload));
      assert.equal(extension.get("cs1"), "shop");
    }),
  );
});

/** A custom key says nothing without its label, nor the label without it. */
function assertLabelled(extension: ReadonlyMap<string, string>): void {
  for (const key of extension.keys()) {
    const other = key.endsWith("Label") ? key.slice(0, -"Label".length) : `${key}Label`;
    if (/^(cs|flexString)\d/.test(key)) assert.ok(extension.has(other), `${key} without ${other}`);
  }
}

test("CEF: what does not fit is left out with its label", () => {
  const image = `registry.example/${"x".repeat(400)}`;
  const { text, isCut } = cefMessage(sampleEvent({ image, evidence: ["y".repeat(2000)] }), "1", 600);
  const { extension } = readCef(text);
  assert.ok(isCut);
  assertLabelled(extension);
  assert.deepEqual(
    [extension.has("cs4"), extension.get("cs5"), extension.get("flexString1Label")],
    [false, "T1059", "tags"],
  );
});

test("a bounded line keeps its bound, says that it is cut, and keeps its form", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 480, max: 4000 }),
      fc.string({ unit: "binary", maxLength: 3000 }),
      fc.array(fc.string({ maxLength: 400 }), { maxLength: 12 }),
      (bytesMax, message, evidence) => {
        const outgoing = sampleEvent({
          message,
          evidence,
          title: message,
          outputFields: evidence.map((text, index) => `f${index}=${text}`),
        });
        for (const format of sinkFormats) {
          const { text, isCut } = lineOf(outgoing, format, { version: "1", bytesMax });
          assert.ok(Buffer.byteLength(text) <= bytesMax, `${format}: ${Buffer.byteLength(text)} of ${bytesMax}`);
          assert.ok(!/[\r\n]/.test(text));
          if (format === "cef") assertLabelled(readCef(text).extension);
          else assert.equal((JSON.parse(text) as { uuid: string }).uuid, outgoing.uuid);
          const whole = lineOf(outgoing, format, { version: "1" });
          assert.equal(isCut, whole.text !== text);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("JSON that is too long gives up its largest part first", () => {
  const { text, isCut } = jsonWithin({ uuid: "u", small: "kept", long: "x".repeat(500), list: ["a", "b"] }, 120);
  assert.ok(isCut);
  const read = JSON.parse(text) as Record<string, unknown>;
  assert.deepEqual([read["uuid"], read["small"], read["list"]], ["u", "kept", ["a", "b"]]);
});

test("RFC 5424: priority, time, host; names that cannot stand there; octets are counted, not characters", () => {
  const { event } = sampleEvent();
  assert.equal(syslogHeader(event, "local0"), "<131>1 2026-11-26T10:00:00.123Z node-1 garrison - security - ");
  assert.equal(
    syslogHeader({ ...event, severity: "critical", node: "a b\nü" }, "kern"),
    "<2>1 2026-11-26T10:00:00.123Z a_b__ garrison - security - ",
  );
  assert.match(syslogHeader({ ...event, node: "" }, "local7"), /^<187>1 \S+ - garrison/);
  assert.equal(octetCounted("süß").toString("utf8"), "5 süß");
});

test("a template takes values as they are where it is one placeholder, else as text", () => {
  const filled = fillTemplate(
    {
      text: "{{severity}}: {{ rule }} in {{namespace}}/{{workload}}",
      pid: "{{pid}}",
      tags: "{{tags}}",
      all: "{{output_fields}}",
      user: "{{output_fields.user.name}}",
      none: "{{output_fields.nothing}}",
      "{{cluster}}": [1, true, null, "{{tags}} {{count}}"],
    },
    sampleEvent(),
  ) as Record<string, unknown>;
  assert.deepEqual(
    { ...filled, all: typeof filled["all"] },
    {
      text: "high: Terminal shell in container in shop/web",
      pid: 4711,
      tags: ["container", "shell"],
      all: "object",
      user: "root",
      none: "",
      prod: [1, true, null, "container, shell 1"],
    },
  );
});

test("no value can add anything to a template's JSON", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (message) => {
      const body = JSON.stringify(fillTemplate({ text: "<{{message}}>", other: 1 }, sampleEvent({ message })));
      assert.deepEqual(JSON.parse(body), { text: `<${message}>`, other: 1 });
    }),
  );
});

test("placeholders within a value stay text", () => {
  assert.equal(fillTemplate("a {{message}}", sampleEvent({ message: "{{rule}} $& $1" })), "a {{rule}} $& $1");
});
