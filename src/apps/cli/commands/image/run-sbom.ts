// What `garrison image sbom` does: analyse, write.
import { writeCycloneDx } from "../../../../core/sbom/formats/cyclonedx/write.ts";
import { writeSpdx } from "../../../../core/sbom/formats/spdx/write.ts";
import { purlOf } from "../../../../core/sbom/purl.ts";
import { gapWords, oneLine } from "../../../../core/vuln/report/scan-report.ts";
import type { ImageAnalysis } from "../../../../model/image-analysis.ts";
import type { Context } from "../../context.ts";
import { harmlessJson } from "../../output/harmless.ts";
import { table } from "../../output/table.ts";
import { version } from "../../version.ts";
import { analysisOf } from "./open-analysis.ts";
import { createdAtOf, outputFilesOf, writeWhole } from "./output-files.ts";
import { sbomFormats, type SbomFlags } from "./sbom.ts";

type SbomFormat = (typeof sbomFormats)[number];

const gapsShown = 10;

export async function runSbom(
  context: Context,
  input: { readonly args: readonly string[]; readonly options: SbomFlags },
): Promise<void> {
  const { options } = input;
  const files = outputFilesOf(options.outputFile, sbomFormats);
  const createdAt = createdAtOf(context, options.createdAt);
  const analysis = await analysisOf(context, input);
  const asked = sbomFormats.find((format) => format === (options.output ?? context.flags.output));
  const write = (format: SbomFormat): string => documentOf(context, analysis, format, createdAt);
  for (const file of files) await writeWhole(file.path, write(file.format));
  if (files.length === 0 || asked !== undefined) await context.print(write(asked ?? "cyclonedx"));
  for (const gap of analysis.gaps.slice(0, gapsShown)) context.say(`gap: ${oneLine(gapWords(gap))}`);
  if (analysis.gaps.length > gapsShown)
    context.say(`and ${analysis.gaps.length - gapsShown} more gaps: all are in the document`);
}

function documentOf(
  context: Context,
  analysis: ImageAnalysis,
  format: SbomFormat,
  createdAt: string | undefined,
): string {
  const options = { toolVersion: version, ...(createdAt === undefined ? {} : { createdAt }) };
  switch (format) {
    case "cyclonedx":
      return harmlessJson(writeCycloneDx(analysis, options));
    case "spdx":
      return harmlessJson(writeSpdx(analysis, options));
    case "json":
      return harmlessJson(`${JSON.stringify(analysis, undefined, 2)}\n`);
    case "table":
      return table(
        [{ title: "type" }, { title: "package" }, { title: "version" }, { title: "license" }, { title: "path" }],
        analysis.packages.map((subject) =>
          [
            subject.type,
            subject.namespace === "" || subject.type === "deb" ? subject.name : `${subject.namespace}/${subject.name}`,
            subject.version,
            subject.licenses.join(", "),
            subject.evidence[0]?.path ?? purlOf(subject),
          ].map(oneLine),
        ),
        { width: context.width, header: true },
      );
  }
}
