// A bounded protobuf reader for the few messages of OTLP: bytes -> the same objects that OTLP's JSON form has. Unknown fields are
// skipped; nesting, fields and lengths are limited; a message that breaks the encoding's rules is refused, never read out of bounds.
// Encoding: protobuf.dev/programming-guides/encoding.
import { foreignLimits } from "./limits.ts";

export type FieldKind = "text" | "bytesHex" | "fixed64" | "varint" | "signed" | "bool" | "double" | MessageShape;

export interface MessageField {
  readonly name: string;
  readonly kind: FieldKind | (() => MessageShape);
  readonly repeated?: true;
}

/** Field number -> what it is. */
export type MessageShape = Readonly<Record<number, MessageField>>;

/** Thrown inside this room for bytes that are no such message. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
}

interface Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly decodeText: (bytes: Uint8Array) => string;
  position: number;
  fields: number;
}

/** Throws ProtobufError. `decodeText` turns UTF-8 into text (replacing what is broken). */
export function readMessage(
  bytes: Uint8Array,
  shape: MessageShape,
  decodeText: (bytes: Uint8Array) => string,
): Record<string, unknown> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return message({ bytes, view, decodeText, position: 0, fields: 0 }, shape, bytes.length, 0);
}

function message(reader: Reader, shape: MessageShape, end: number, depth: number): Record<string, unknown> {
  if (depth > foreignLimits.protobufDepthMax) throw new ProtobufError("messages are nested too deep");
  const result: Record<string, unknown> = {};
  while (reader.position < end) {
    reader.fields += 1;
    if (reader.fields > foreignLimits.protobufFieldsMax) throw new ProtobufError("there are too many fields");
    const tag = varint(reader, end);
    const field = tag < 2 ** 32 ? shape[Math.floor(tag / 8)] : undefined;
    const value = field === undefined ? skip(reader, tag % 8, end) : fieldValue(reader, field, tag % 8, { end, depth });
    if (field === undefined) continue;
    if (field.repeated === undefined) result[field.name] = value;
    else ((result[field.name] ??= []) as unknown[]).push(value);
  }
  if (reader.position !== end) throw new ProtobufError("a field reaches beyond its message");
  return result;
}

const varintType = 0;
const fixed64Type = 1;
const lengthType = 2;
const fixed32Type = 5;

function fieldValue(reader: Reader, field: MessageField, type: number, at: { end: number; depth: number }): unknown {
  const kind = typeof field.kind === "function" ? field.kind() : field.kind;
  const expected = wireTypeOf(kind);
  if (type !== expected) throw new ProtobufError(`field ${field.name} has the wrong wire type`);
  switch (kind) {
    case "varint":
    case "bool": {
      const value = varint(reader, at.end);
      return kind === "bool" ? value !== 0 : value;
    }
    case "signed":
      return String(BigInt.asIntN(64, bigVarint(reader, at.end)));
    case "fixed64":
      return String(reader.view.getBigUint64(advance(reader, 8, at.end), true));
    case "double":
      return reader.view.getFloat64(advance(reader, 8, at.end), true);
    case "text":
      return reader.decodeText(lengthDelimited(reader, at.end));
    case "bytesHex":
      return hexOf(lengthDelimited(reader, at.end));
    default: {
      const length = varint(reader, at.end);
      if (length > at.end - reader.position) throw new ProtobufError("a message is longer than what holds it");
      return message(reader, kind, reader.position + length, at.depth + 1);
    }
  }
}

function wireTypeOf(kind: FieldKind): number {
  if (kind === "varint" || kind === "bool" || kind === "signed") return varintType;
  return kind === "fixed64" || kind === "double" ? fixed64Type : lengthType;
}

/** Exact up to 2^53; a larger one (or a negative, which takes ten bytes) loses its low bits, which no field here needs. */
function varint(reader: Reader, end: number): number {
  return Number(bigVarintOrSmall(reader, end));
}

function bigVarintOrSmall(reader: Reader, end: number): number | bigint {
  const first = reader.bytes[reader.position];
  if (reader.position < end && first !== undefined && first < 128) {
    reader.position += 1;
    return first;
  }
  return bigVarint(reader, end);
}

function bigVarint(reader: Reader, end: number): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.bytes[advance(reader, 1, end)] ?? 0;
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return BigInt.asUintN(64, value);
  }
  throw new ProtobufError("a number is longer than ten bytes");
}

/** Moves on by `length` and returns where it was. */
function advance(reader: Reader, length: number, end: number): number {
  const position = reader.position;
  if (length > end - position) throw new ProtobufError("the message ends in the middle of a field");
  reader.position = position + length;
  return position;
}

function lengthDelimited(reader: Reader, end: number): Uint8Array {
  const length = varint(reader, end);
  const start = advance(reader, length, end);
  return reader.bytes.subarray(start, start + length);
}

function skip(reader: Reader, type: number, end: number): undefined {
  if (type === varintType) bigVarint(reader, end);
  else if (type === fixed64Type) advance(reader, 8, end);
  else if (type === lengthType) lengthDelimited(reader, end);
  else if (type === fixed32Type) advance(reader, 4, end);
  else throw new ProtobufError(`wire type ${type} is not known`);
}

function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes.subarray(0, 64)) text += byte.toString(16).padStart(2, "0");
  return text;
}
