// Whether a label's value is what its schema says: URL (RFC 3986), time (RFC 3339), SPDX expression, git hash, semantic version, e-mail (RFC 5322, the plain form).
import { unreachable } from "../../../../base/assert.ts";
import { exceptionIds, licenseIds } from "../../../sbom/formats/spdx/license-ids.ts";
import type { LabelKind } from "../options.ts";

const lengthMax = 4096;
const url = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s<>"{}|\\^`]+$/;
const time = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;
const version =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const email =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$/;

export function isLabelValue(kind: LabelKind, value: string): boolean {
  if (value.length > lengthMax) return kind === "text";
  switch (kind) {
    case "text":
      return true;
    case "url":
      return url.test(value);
    case "rfc3339":
      return isTime(value);
    case "spdx":
      return isLicense(value);
    case "hash":
      return /^(?:[0-9a-f]{7,40}|[0-9a-f]{64})$/.test(value);
    case "semver":
      return version.test(value);
    case "email":
      return email.test(value);
    default:
      return unreachable(kind);
  }
}

function isTime(value: string): boolean {
  const match = time.exec(value);
  if (match === null) return false;
  const [, , month, day, hour, minute, second] = match.map(Number);
  return (
    inRange(month, 1, 12) &&
    inRange(day, 1, 31) &&
    inRange(hour, 0, 23) &&
    inRange(minute, 0, 59) &&
    inRange(second, 0, 60)
  );
}

function inRange(value: number | undefined, least: number, most: number): boolean {
  return value !== undefined && value >= least && value <= most;
}

/** Identifiers joined by AND, OR, WITH; brackets; "+" behind one. */
function isLicense(value: string): boolean {
  const words = value
    .replace(/[()]/g, " ")
    .split(/\s+/)
    .filter((word) => word !== "");
  return (
    words.length % 2 === 1 &&
    words.every((word, index) =>
      index % 2 === 1 ? /^(?:AND|OR|WITH)$/i.test(word) : isIdentifier(word, words[index - 1]),
    )
  );
}

function isIdentifier(word: string, before: string | undefined): boolean {
  if (before?.toUpperCase() === "WITH") return exceptionIds.has(word.toLowerCase());
  return /^LicenseRef-[A-Za-z0-9.-]+$/.test(word) || licenseIds.has(word.replace(/\+$/, "").toLowerCase());
}
