// A request line and headers cut into what rules look at: path, query, arguments, cookies. As libmodsecurity 3 cuts them; bytes stay bytes.

export interface TargetParts {
  /** As it came, with "%xx" decoded, without scheme and host. */
  readonly uri: string;
  /** Path, decoded. */
  readonly filename: string;
  readonly basename: string;
  /** As it came, without "?". */
  readonly query: string;
}

export function splitTarget(target: string): TargetParts {
  const question = target.indexOf("?");
  const path = question < 0 ? target : target.slice(0, question);
  const query = question < 0 ? "" : target.slice(question + 1);
  const filename = percentDecode(withoutHost(path));
  const decoded = question < 0 ? filename : withoutHost(percentDecode(target));
  const slash = Math.max(filename.lastIndexOf("/"), filename.lastIndexOf("\\"));
  return { uri: decoded, filename, basename: filename.slice(slash + 1), query };
}

/** "http://host/path" is "/path"; others stay as they are. */
function withoutHost(uri: string): string {
  if (uri.startsWith("/")) return uri;
  const scheme = uri.indexOf(":");
  if (scheme < 0 || !uri.startsWith("//", scheme + 1)) return uri;
  const path = uri.indexOf("/", scheme + 3);
  return path < 0 ? uri : uri.slice(path);
}

/** "%xx" to bytes; what is no pair of digits stays. */
export function percentDecode(text: string): string {
  return text.includes("%") ? decodeBytes(text, false) : text;
}

/** As forms are encoded: "%xx" and "+" for a blank; what is no pair of digits stays. */
export function formDecode(text: string): string {
  return text.includes("%") || text.includes("+") ? decodeBytes(text, true) : text;
}

function decodeBytes(text: string, isForm: boolean): string {
  let decoded = "";
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x2b && isForm) {
      decoded += `${text.slice(from, at)} `;
      from = at + 1;
    } else if (code === 0x25 && at + 2 < text.length) {
      const high = hexDigit(text.charCodeAt(at + 1));
      const low = hexDigit(text.charCodeAt(at + 2));
      if (high < 0 || low < 0) continue;
      decoded += text.slice(from, at) + String.fromCharCode(high * 16 + low);
      at += 2;
      from = at + 1;
    }
  }
  return decoded + text.slice(from);
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** A "%" that two digits do not follow. */
export function isBrokenEncoding(text: string): boolean {
  for (let at = text.indexOf("%"); at >= 0; at = text.indexOf("%", at + 1)) {
    if (at + 2 >= text.length || hexDigit(text.charCodeAt(at + 1)) < 0 || hexDigit(text.charCodeAt(at + 2)) < 0)
      return true;
  }
  return false;
}

/** Arguments of a query, decoded, in order. Stops after `max`; false: there were more. */
export function eachArgument(
  query: string,
  separator: string,
  max: number,
  emit: (name: string, value: string) => void,
): boolean {
  let count = 0;
  let from = 0;
  while (from < query.length) {
    let end = query.indexOf(separator, from);
    if (end < 0) end = query.length;
    if (end > from) {
      if (count++ >= max) return false;
      const equals = query.indexOf("=", from);
      if (equals < 0 || equals >= end) emit(formDecode(query.slice(from, end)), "");
      else emit(formDecode(query.slice(from, equals)), formDecode(query.slice(equals + 1, end)));
    }
    from = end + 1;
  }
  return true;
}

/**
 * Cookies of one header, format 0: parted by ";", blanks before a name gone, nothing decoded. A piece without "=" is a name. Format 1 drops quotes around values.
 * `emit` says whether it took the cookie; false ends the reading.
 */
export function eachCookie(header: string, format: 0 | 1, emit: (name: string, value: string) => boolean): boolean {
  let from = 0;
  while (from < header.length) {
    let end = header.indexOf(";", from);
    if (end < 0) end = header.length;
    let start = from;
    while (start < end && isBlank(header.charCodeAt(start))) start++;
    if (start < end) {
      const equals = header.indexOf("=", start);
      if (equals < 0 || equals >= end) {
        if (!emit(header.slice(start, end), "")) return false;
      } else if (equals > start) {
        const value = cookieValue(header.slice(equals + 1, end), format);
        if (!emit(header.slice(start, equals), value)) return false;
      }
    }
    from = end + 1;
  }
  return true;
}

function cookieValue(value: string, format: 0 | 1): string {
  return format === 1 && value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
