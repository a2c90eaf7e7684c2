// Address text to the 16 bytes of a ClickHouse IPv6 column. IPv4 becomes ::ffff:a.b.c.d. Never throws: bad text is a value.

/** Writes the 16 bytes of `address` at `position`. Returns false, leaving 16 zero bytes ("::"), when the text is no address. */
export function writeAddress(bytes: Uint8Array, position: number, address: string): boolean {
  bytes.fill(0, position, position + 16);
  if (address === "" || address === "::") return true;
  if (writeIpv4(bytes, position + 12, address, 0)) {
    bytes[position + 10] = 0xff;
    bytes[position + 11] = 0xff;
    return true;
  }
  bytes.fill(0, position, position + 16);
  if (writeIpv6(bytes, position, address)) return true;
  bytes.fill(0, position, position + 16);
  return false;
}

/** Dotted quad from `start` to the end of `text`; four decimal parts of 0-255 without signs. */
function writeIpv4(bytes: Uint8Array, position: number, text: string, start: number): boolean {
  let part = 0;
  let digits = 0;
  let parts = 0;
  for (let i = start; i <= text.length; i += 1) {
    const code = i === text.length ? 0x2e : text.charCodeAt(i);
    if (code === 0x2e) {
      if (digits === 0 || parts === 4) return false;
      bytes[position + parts] = part;
      parts += 1;
      part = 0;
      digits = 0;
      continue;
    }
    if (code < 0x30 || code > 0x39) return false;
    part = part * 10 + code - 0x30;
    digits += 1;
    if (digits > 3 || part > 255) return false;
  }
  return parts === 4;
}

/** RFC 4291 section 2.2 text, with one "::" and an optional dotted tail; a zone ("%eth0") is refused. */
function writeIpv6(bytes: Uint8Array, position: number, text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2 || text.length > 45) return false;
  const head = writeGroups(bytes, position, halves[0] ?? "");
  if (head < 0) return false;
  if (halves.length === 1) return head === 16;
  const tail = new Uint8Array(16);
  const tailBytes = writeGroups(tail, 0, halves[1] ?? "");
  if (tailBytes < 0 || head + tailBytes > 14) return false;
  bytes.set(tail.subarray(0, tailBytes), position + 16 - tailBytes);
  return true;
}

/** Colon-separated groups; returns how many bytes were written, or -1. */
function writeGroups(bytes: Uint8Array, position: number, text: string): number {
  if (text === "") return 0;
  let written = 0;
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (group.includes(".")) {
      if (index !== groups.length - 1 || written > 12) return -1;
      return writeIpv4(bytes, position + written, group, 0) ? written + 4 : -1;
    }
    if (written === 16 || !/^[0-9a-fA-F]{1,4}$/.test(group)) return -1;
    const value = Number.parseInt(group, 16);
    bytes[position + written] = value >> 8;
    bytes[position + written + 1] = value & 0xff;
    written += 2;
  }
  return written;
}
