// Writes zip archives for tests: stored and deflated entries, zip64, data descriptors, junk in front, and lies.
import { crc32, deflateRawSync } from "node:zlib";

export interface ZipFile {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly isStored?: boolean;
  readonly isEncrypted?: boolean;
  /** Sizes only in the directory and behind the data, as streaming writers do. */
  readonly hasDescriptor?: boolean;
  /** What the directory says instead of the true size. */
  readonly toldSize?: number;
}

export interface ZipOptions {
  readonly prefix?: Uint8Array;
  /** Offsets count from the prefix's end (self-extracting files do so), not from the file's start. */
  readonly isZip64?: boolean;
  readonly comment?: string;
}

export function writeZip(files: readonly ZipFile[], options: ZipOptions = {}): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const file of files) {
    const content = Buffer.from(file.content as string);
    const data = file.isStored === true ? content : deflateRawSync(content);
    const name = Buffer.from(file.name);
    const flags = (file.isEncrypted === true ? 1 : 0) | (file.hasDescriptor === true ? 8 : 0);
    const method = file.isStored === true ? 0 : 8;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(flags, 6);
    local.writeUInt16LE(method, 8);
    if (file.hasDescriptor !== true) {
      local.writeUInt32LE(crc32(content), 14);
      local.writeUInt32LE(data.length, 18);
      local.writeUInt32LE(content.length, 22);
    }
    local.writeUInt16LE(name.length, 26);
    const whole = [local, name, data];
    if (file.hasDescriptor === true) {
      const descriptor = Buffer.alloc(16);
      descriptor.writeUInt32LE(0x08074b50, 0);
      descriptor.writeUInt32LE(data.length, 8);
      descriptor.writeUInt32LE(content.length, 12);
      whole.push(descriptor);
    }
    central.push(
      centralRecord({
        name,
        flags,
        method,
        stored: data.length,
        size: file.toldSize ?? content.length,
        offset,
        isZip64: options.isZip64 === true,
      }),
    );
    const bytes = Buffer.concat(whole);
    parts.push(bytes);
    offset += bytes.length;
  }
  const directory = Buffer.concat(central);
  const end = endRecords(files.length, directory.length, offset, options);
  return Buffer.concat([options.prefix ?? new Uint8Array(), ...parts, directory, end]);
}

interface CentralRecord {
  readonly name: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly stored: number;
  readonly size: number;
  readonly offset: number;
  readonly isZip64: boolean;
}

function centralRecord(entry: CentralRecord): Buffer {
  const extra = Buffer.alloc(entry.isZip64 ? 28 : 0);
  if (entry.isZip64) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(24, 2);
    extra.writeBigUInt64LE(BigInt(entry.size), 4);
    extra.writeBigUInt64LE(BigInt(entry.stored), 12);
    extra.writeBigUInt64LE(BigInt(entry.offset), 20);
  }
  const record = Buffer.alloc(46);
  record.writeUInt32LE(0x02014b50, 0);
  record.writeUInt16LE(entry.flags, 8);
  record.writeUInt16LE(entry.method, 10);
  record.writeUInt32LE(entry.isZip64 ? 0xffffffff : entry.stored, 20);
  record.writeUInt32LE(entry.isZip64 ? 0xffffffff : entry.size, 24);
  record.writeUInt16LE(entry.name.length, 28);
  record.writeUInt16LE(extra.length, 30);
  record.writeUInt32LE(entry.isZip64 ? 0xffffffff : entry.offset, 42);
  return Buffer.concat([record, entry.name, extra]);
}

function endRecords(count: number, size: number, offset: number, options: ZipOptions): Buffer {
  const comment = Buffer.from(options.comment ?? "");
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(options.isZip64 === true ? 0xffff : count, 8);
  end.writeUInt16LE(options.isZip64 === true ? 0xffff : count, 10);
  end.writeUInt32LE(options.isZip64 === true ? 0xffffffff : size, 12);
  end.writeUInt32LE(options.isZip64 === true ? 0xffffffff : offset, 16);
  end.writeUInt16LE(comment.length, 20);
  if (options.isZip64 !== true) return Buffer.concat([end, comment]);
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(BigInt(count), 24);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(size), 40);
  record.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([record, locator, end, comment]);
}
