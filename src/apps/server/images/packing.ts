// Analyses as they are kept: zstd of JSON; read back through the schema only where they come from outside.
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import { imageLimits } from "../contract/images.ts";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

export async function packAnalysis(analysis: ImageAnalysis): Promise<Uint8Array> {
  return compress(JSON.stringify(analysis), { params: { [constants.ZSTD_c_compressionLevel]: 6 } });
}

/** What `packAnalysis` made, by this program or an older one of the same schema. */
export async function unpackAnalysis(packed: Uint8Array): Promise<ImageAnalysis> {
  const bytes = await decompress(packed, { maxOutputLength: imageLimits.submitInflatedBytesMax });
  return JSON.parse(bytes.toString("utf8")) as ImageAnalysis;
}
