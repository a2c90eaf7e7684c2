// How much of a foreign sensor's data is looked at and kept; what is beyond a limit is refused by itself or cut, and counted.

export const foreignLimits = {
  /** Body as sent, and after decompression. */
  bytesMax: 8 * 1024 * 1024,
  bytesInflatedMax: 32 * 1024 * 1024,
  /** Nesting of a JSON body. */
  depthMax: 32,
  /** Items of one request: flows, events, records, spans. */
  itemsMax: 20_000,
  /** One line of JSON lines. */
  lineLengthMax: 256 * 1024,
  /** Reasons that an answer lists. */
  reasonsMax: 20,
  /** Different nodes that the rows of one request may name; rows of further ones are filed without a node. */
  nodesMax: 200,
  /** Characters kept of a name, of a text, of one text in a list; entries kept of a list. */
  wordLengthMax: 253,
  textLengthMax: 8192,
  entryLengthMax: 1024,
  entriesMax: 64,
  /** Protobuf: nesting, and fields of one message tree. */
  protobufDepthMax: 16,
  protobufFieldsMax: 2_000_000,
  /** OTLP values inside values. */
  valueDepthMax: 6,
} as const;
