// Java virtual machines by their launchers. The order matters: the first row that knows a launcher is the only one.
import { anywhere, around, type Classifier } from "./classifier.ts";

const release = String.raw`\d{1,4}[.\d]{0,20}`;
const text = String.raw`\d{1,4}[^\0]{1,60}`;
const withUpdate = String.raw`\d{1,4}[^\0_]{1,20}_[^\0-]{1,20}-[^\0]{1,30}`;
/** On amd64 the version is behind the name, on arm64 before it. */
const behindName = (version: string): string => String.raw`openjdk\0java\0${release}\0(${version})\0`;
const beforeName = (version: string): string => String.raw`\0${release}\0{1,16}(${version})\0{1,16}openjdk\0java`;

const named = (version: string): Classifier["evidence"] => [
  around("openjdk", behindName(version)),
  around("openjdk", beforeName(version), { before: 160 }),
];

const graalVersion = anywhere(String.raw`\0(\d{1,3}[.\d]{1,20}\+\d{1,4}-jvmci-\d{1,3}[.\d]{1,12}-b\d{1,3})\0`);
const launchers = ["java", "jdb"];

export const javaClassifiers: readonly Classifier[] = [
  {
    id: "graalvm",
    names: launchers,
    package: "graalvm",
    namespace: "oracle",
    cpes: ["oracle:graalvm"],
    evidence: [graalVersion],
    isFinal: true,
  },
  {
    id: "zulu",
    names: launchers,
    path: /zulu/,
    package: "zulu",
    namespace: "azul",
    cpes: ["azul:zulu"],
    evidence: [around("java", String.raw`java\0${release}\0(${text})\0`), ...(named(text) as [])],
    isFinal: true,
  },
  {
    id: "openjdk-update",
    names: launchers,
    package: "openjdk",
    namespace: "oracle",
    cpes: ["oracle:openjdk"],
    evidence: named(withUpdate),
    isFinal: true,
  },
  {
    id: "openjdk",
    names: launchers,
    package: "openjdk",
    namespace: "oracle",
    cpes: ["oracle:openjdk"],
    evidence: named(text),
    isFinal: true,
  },
  {
    id: "ibm-java",
    names: ["java"],
    path: /(?:^|\/)ibm\//,
    package: "java",
    namespace: "ibm",
    cpes: ["ibm:java"],
    evidence: [around("java", String.raw`^java\0{1,16}${release}\0{1,16}(\d[-._a-zA-Z0-9]{1,60})\0`)],
    isFinal: true,
  },
  {
    id: "ibm-java-sdk",
    names: ["jdb"],
    path: /(?:^|\/)ibm\//,
    package: "java_sdk",
    namespace: "ibm",
    cpes: ["ibm:java_sdk"],
    evidence: [
      around("java", String.raw`^java\0.{1,100}?\0(\d{1,3}\.\d[-._a-zA-Z0-9]{1,60}-[-._a-zA-Z0-9]{1,60})\0`, {
        after: 300,
      }),
    ],
    isFinal: true,
  },
  {
    id: "jre-openjdk",
    names: ["java"],
    package: "jre",
    namespace: "oracle",
    cpes: ["oracle:jre"],
    evidence: [anywhere(String.raw`\0(\d{1,3}[.\d]{1,20}\+[-\d]{1,20})\0`)],
    isFinal: true,
  },
  {
    id: "jre",
    names: ["java"],
    package: "jre",
    namespace: "oracle",
    cpes: ["oracle:jre"],
    evidence: [anywhere(String.raw`\0(\d{1,3}\.\d{1,3}\.[-._+a-zA-Z0-9]{1,40})\0`)],
    isFinal: true,
  },
  {
    id: "jdk",
    names: ["jdb"],
    package: "jdk",
    namespace: "oracle",
    cpes: ["oracle:jdk"],
    evidence: [anywhere(String.raw`\0(\d{1,3}\.\d{1,3}\.\d{1,4}(?:\+\d{1,4})?[-._a-zA-Z0-9]{0,40})\0`)],
    isFinal: true,
  },
];
