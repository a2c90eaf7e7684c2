// The files that a log was rotated into, in the folder where it is, oldest first: names as logrotate (audit.log.1, audit.log-20261126) and API servers
// (audit-2026-11-26T10-00-00.000.log) make them.
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { auditFileLimits } from "./limits.ts";

export interface RotatedFile {
  readonly path: string;
  readonly name: string;
  readonly device: number;
  readonly inode: number;
  /** When the last line was written. */
  readonly mtimeMs: number;
  readonly isCompressed: boolean;
}

const compressed = /\.(?:gz|bz2|xz|zst)$/;
const afterName = /^[.-]\d[\dT.:_-]*$/;

/** At most `siblingsMax`, oldest first. Other files of the folder are left alone. Rejects when the folder cannot be read. */
export async function rotatedFiles(file: string): Promise<readonly RotatedFile[]> {
  const folder = path.dirname(file);
  const base = path.basename(file);
  const names = (await readdir(folder))
    .filter((name) => isRotationOf(base, name))
    .slice(0, auditFileLimits.siblingsMax);
  const found: RotatedFile[] = [];
  for (const name of names) {
    const place = path.join(folder, name);
    const facts = await stat(place).catch(() => undefined);
    if (facts?.isFile() !== true) continue;
    const { dev: device, ino: inode, mtimeMs } = facts;
    found.push({ path: place, name, device, inode, mtimeMs, isCompressed: compressed.test(name) });
  }
  return found.toSorted((a, b) => (isLater(a, b) ? 1 : -1));
}

function isRotationOf(base: string, name: string): boolean {
  const plain = name.replace(compressed, "");
  if (plain.startsWith(base)) return afterName.test(plain.slice(base.length));
  const end = path.extname(base);
  const stem = base.slice(0, base.length - end.length);
  return (
    plain.startsWith(`${stem}-`) &&
    plain.endsWith(end) &&
    afterName.test(plain.slice(stem.length, plain.length - end.length))
  );
}

/** By the time of the last line; within one tick of the clock by the name: a higher number is older, a later date is later. No name: older than any. */
export function isLater(
  one: Pick<RotatedFile, "mtimeMs" | "name">,
  than: Pick<RotatedFile, "mtimeMs" | "name">,
): boolean {
  if (one.mtimeMs !== than.mtimeMs) return one.mtimeMs > than.mtimeMs;
  const [a, b] = [numberOf(one.name), numberOf(than.name)];
  if (a !== undefined && b !== undefined && a !== b) return a < b;
  return one.name > than.name;
}

/** 2 of "audit.log.2.gz". */
function numberOf(name: string): number | undefined {
  const number = /\.(\d{1,4})$/.exec(name.replace(compressed, ""))?.[1];
  return number === undefined ? undefined : Number(number);
}
