// An INSERT whose rows come as the request's body: the body becomes a file of the spool folder and the statement reads that file.
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Answer } from "./engine.ts";
import { Fault } from "../../base/fault.ts";
import { sqlLiteral, tokenize, type Token } from "./sql-tokens.ts";

export interface BodySpool {
  /** A new path inside the spool folder. */
  readonly newPath: () => string;
  readonly bytesMax: number;
}

/** Runs `sql` with the body as its rows; an empty body runs the statement as it is. The file leaves in any case. */
export async function insertFromBody(
  sql: string,
  request: IncomingMessage,
  bodies: BodySpool,
  run: (sql: string) => Promise<Answer>,
): Promise<Answer> {
  const path = bodies.newPath();
  try {
    const size = await writeBody(request, path, bodies.bytesMax);
    return await run(size === 0 ? sql : statementOverFile(sql, path));
  } finally {
    await rm(path, { force: true });
  }
}

async function writeBody(request: IncomingMessage, path: string, bytesMax: number): Promise<number> {
  let size = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.byteLength;
      if (size <= bytesMax) return done(null, chunk);
      const text = `Code: 307. DB::Exception: the body is larger than ${bytesMax} bytes (TOO_MANY_BYTES)`;
      done(new Fault(text, { code: "store/body-too-large", kind: "too-large" }));
    },
  });
  await pipeline(request, counted, createWriteStream(path, { mode: 0o600 }));
  return size;
}

/**
 * `INSERT INTO t (a, b) FORMAT X` becomes `INSERT INTO t (a, b) SELECT * FROM file(path, X)`;
 * `INSERT INTO t (a) SELECT a FROM input('a UInt8') FORMAT X` becomes the same SELECT from `file(path, X, 'a UInt8')`.
 */
export function statementOverFile(sql: string, path: string): string {
  const tokens = tokenize(sql);
  const format = tokens.at(-1);
  const word = tokens.at(-2);
  if (format === undefined || word === undefined || word.text.toLowerCase() !== "format") {
    throw new Fault("Code: 62. DB::Exception: an INSERT with a body ends in FORMAT <name> (SYNTAX_ERROR)", {
      code: "store/insert-format",
      kind: "usage",
    });
  }
  const file = `file(${sqlLiteral(path)}, ${sqlLiteral(format.text)}`;
  const call = inputCall(tokens);
  if (call === undefined) return `${sql.slice(0, word.start)} SELECT * FROM ${file})`;
  const structure = sql.slice(call.structure.start, call.structure.end);
  return `${sql.slice(0, call.start)}${file}, ${structure})${sql.slice(call.end, word.start)}`;
}

function inputCall(tokens: readonly Token[]): { start: number; end: number; structure: Token } | undefined {
  for (const [index, token] of tokens.entries()) {
    const [open, structure, close] = tokens.slice(index + 1, index + 4);
    if (token.kind !== "word" || token.text.toLowerCase() !== "input") continue;
    if (open?.text === "(" && structure?.kind === "string" && close?.text === ")") {
      return { start: token.start, end: close.end, structure };
    }
  }
  return undefined;
}
