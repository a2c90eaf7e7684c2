// Builds Garrison's container image out of this clone: `npm run image -- --output image.tar`. Prints the digest and what takes how much.
import path from "node:path";
import { parseArgs } from "node:util";
import { writeOciLayout } from "./oci/layout.ts";
import { productImage } from "./oci/product.ts";

const usage = "usage: npm run image -- --output FILE.tar|FOLDER [--name NAME:TAG] [--compression gzip|none]";
const { output, name, compression } = readArguments();
if (output === undefined || (compression !== "gzip" && compression !== "none")) {
  console.error(usage);
  process.exit(2);
}
const image = await productImage(path.resolve(import.meta.dirname, ".."), name === undefined ? {} : { name });
const written = await writeOciLayout(image, { output, compression });
const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`.padStart(11);
for (const { comment, bytes, bytesUnpacked } of written.layers)
  console.log(`${mebibytes(bytes)} packed ${mebibytes(bytesUnpacked)} unpacked  ${comment}`);
console.log(`${mebibytes(written.bytes)} in all\n${image.name}\n${written.digest}`);

function readArguments(): { output?: string; name?: string; compression?: string } {
  const options = { output: { type: "string" }, name: { type: "string" }, compression: { type: "string" } } as const;
  try {
    return { compression: "gzip", ...parseArgs({ options }).values };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}
