// What a document of others may ask of us. Over a limit of the whole it is refused, over one of a part that is a gap with a count.
export const sbomLimits = {
  bytesMax: 256 * 1024 * 1024,
  packagesMax: 200_000,
  /** Components inside components. */
  depthMax: 32,
  /** Looked at in all, whatever comes of them. */
  componentsMax: 1_000_000,
  propertiesMax: 1000,
  evidenceMax: 200,
  licensesMax: 100,
  cpesMax: 100,
  gapsMax: 1000,
  /** Statements in envelopes in statements. */
  wrapsMax: 4,
  xmlDepthMax: 128,
  xmlElementsMax: 10_000_000,
} as const;
