// Request bodies, read as they come. Every parser is bounded; what is wrong is told as the flags that rules ask for, never thrown.

/** One argument, file or XML text as it becomes known. Strings are latin1 bytes. */
export interface BodySink {
  /** Decoded name and value, in the order they stand. */
  argument(name: string, value: string): void;
  file(file: { readonly field: string; readonly fileName: string; readonly bytes: number }): void;
  partHeader(part: string, header: string): void;
  /** `name` is of the element, or of the attribute; "": of none, or of all. */
  xmlText(text: string, name: string): void;
  xmlAttribute(value: string, name: string): void;
}

export interface BodyLimits {
  readonly bytesMax: number;
  readonly argumentsMax: number;
  readonly depthMax: number;
  readonly partsMax: number;
  readonly partHeaderBytesMax: number;
  readonly nameBytesMax: number;
  /** Multipart: contents of all fields together; files do not count. */
  readonly fieldBytesMax: number;
}

export interface BodyVerdict {
  /** "" when all was read; else what was wrong, in words: REQBODY_ERROR_MSG. */
  readonly error: string;
  /** A limit that was reached: its name; "" for none. What lies beyond it was not read, which is not "nothing there". */
  readonly limit: string;
  /** MULTIPART_* flags and others as rules name them, in upper case: value 1 where it is so. */
  readonly flags: Readonly<Record<string, number>>;
}

export interface BodyParser {
  write(chunk: string): void;
  end(): BodyVerdict;
}

export type BodyKind = "URLENCODED" | "MULTIPART" | "JSON" | "XML";
