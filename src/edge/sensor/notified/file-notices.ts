// What fanotify tells (linux/fanotify.h): fixed records of 24 bytes, one after the other, each with a descriptor of the file that was touched.

export interface FileNotice {
  readonly mask: number;
  /** Open in this process and the reader's to close; -1: none. */
  readonly descriptor: number;
  readonly pid: number;
}

export const fan = {
  OPEN: 0x20,
  CLOSE_WRITE: 0x8,
  OPEN_EXEC: 0x1000,
  /** The queue was full: events were lost, nobody knows how many. */
  Q_OVERFLOW: 0x4000,
  EVENT_ON_CHILD: 0x0800_0000,
} as const;

const METADATA_BYTES = 24;
const METADATA_VERSION = 3;

/** Notices of one read. What follows a record of another version is not understood and left: `isWhole` is false then. */
export function parseFileNotices(bytes: Uint8Array): {
  readonly notices: readonly FileNotice[];
  readonly isWhole: boolean;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const notices: FileNotice[] = [];
  let at = 0;
  while (at + METADATA_BYTES <= view.byteLength) {
    const length = view.getUint32(at, true);
    if (length < METADATA_BYTES || view.getUint8(at + 4) !== METADATA_VERSION) return { notices, isWhole: false };
    notices.push({
      mask: view.getUint32(at + 8, true),
      descriptor: view.getInt32(at + 16, true),
      pid: view.getInt32(at + 20, true),
    });
    at += length;
  }
  return { notices, isWhole: at === view.byteLength };
}
