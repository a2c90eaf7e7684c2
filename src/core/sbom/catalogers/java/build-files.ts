// java/build: pom.xml (its dependencies, as far as the one file says their versions), gradle.lockfile and Gradle's verification-metadata.xml. Declared, not seen.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { Collector, FoundPart } from "../parts/found.ts";
import { combineFound, createCollector } from "../parts/found.ts";
import { childOf, childrenOf, parseXml } from "../parts/xml.ts";
import { readPom } from "./pom.ts";

const id = "java/build";

function read(file: CatalogFile): FoundPart | undefined {
  const collector = createCollector();
  if (file.path.endsWith("verification-metadata.xml")) readVerification(collector, file.text());
  else if (file.path.endsWith(".xml")) readProject(collector, file.text());
  else readGradleLock(collector, file);
  return collector.part();
}

function readProject(collector: Collector, text: string): void {
  for (const { group, artifact, version, scope } of readPom(text).dependencies) {
    collector.add({
      type: "maven",
      namespace: group,
      name: artifact,
      version,
      scope: scope === "test" ? "development" : "declared",
    });
  }
}

/** Every component whose files a Gradle build checks. */
function readVerification(collector: Collector, text: string): void {
  for (const item of childrenOf(childOf(parseXml(text), "components"), "component")) {
    const { attributes } = item;
    collector.add({
      type: "maven",
      namespace: attributes.get("group") ?? "",
      name: attributes.get("name") ?? "",
      version: attributes.get("version") ?? "",
    });
  }
}

const testConfigurations = /^(?:test|androidTest|integrationTest|checkstyle|pmd|jacoco|spotbugs|ktlint|detekt)/i;

/** "group:artifact:version=configuration,configuration"; "empty=..." names configurations without any. */
function readGradleLock(collector: Collector, file: CatalogFile): void {
  const isBuildscript = file.path.endsWith("buildscript-gradle.lockfile");
  let odd = 0;
  for (const [index, raw] of file.text().split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith("empty=")) continue;
    const equals = line.indexOf("=");
    const [group, artifact, version, ...more] = (equals < 0 ? line : line.slice(0, equals)).split(":");
    if (group === undefined || artifact === undefined || version === undefined || more.length > 0) {
      odd += 1;
      continue;
    }
    const configurations = equals < 0 ? [] : line.slice(equals + 1).split(",");
    const isTest = configurations.length > 0 && configurations.every((name) => testConfigurations.test(name));
    const scope = isBuildscript || isTest ? "development" : "declared";
    collector.add({ type: "maven", namespace: group, name: artifact, version, scope, line: index + 1 });
  }
  if (odd > 0)
    collector.gap({ kind: "file-unreadable", because: "lines that are no group:artifact:version", count: odd });
}

export const javaBuildFiles = defineCataloger<FoundPart>({
  id,
  version: 1,
  wants: {
    names: ["pom.xml", "gradle.lockfile", "buildscript-gradle.lockfile", "verification-metadata.xml"],
    bytesMax: 8 * 1024 * 1024,
  },
  read,
  combine: combineFound(id, "manifest", "declared"),
});
