// Whose build a distribution's package is: the distribution's own, of which its advisories speak, or somebody else's in the same format, of which they do not.
// Only what says so counts: a vendor's name or address, or a version's ending that others use. Everything else is unknown, and whoever asks looks further.
import type { SoftwarePackage } from "../../model/software-package.ts";

export type Whose = "distribution" | "other" | "unknown";

export const vendorLengthMax = 256;

/** A vendor's words of a package database, within the model; undefined when nothing is left to show. */
export function vendorField(text: string): { readonly vendor?: string } {
  const vendor = text
    .slice(0, vendorLengthMax * 4)
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, vendorLengthMax);
  return vendor === "" || vendor === "(none)" ? {} : { vendor };
}

/** "NodeSource" of "NodeSource <help@example.org>". */
export function vendorName(vendor: string): string {
  const cut = vendor.indexOf("<");
  return (cut <= 0 ? vendor : vendor.slice(0, cut)).trim();
}

const codenames =
  "stretch|buster|bullseye|bookworm|trixie|forky|xenial|bionic|focal|jammy|kinetic|lunar|mantic|noble|oracular|plucky|questing";

/** Endings of versions that Debian and Ubuntu do not give: NodeSource, PostgreSQL, MariaDB, private archives, packages built once a release by their makers. */
const foreignVersions: readonly RegExp[] = [
  /nodesource/,
  /\.pgdg\d/,
  /[+~]maria[~.+]/,
  /[-+~.]ppa\d?/,
  /deb\.sury|\+0~20\d{6}/,
  new RegExp(`[-+~.](?:${codenames})\\d*$`),
];

const ownHost = /(?:^|\.)(?:debian\.org|debian\.net|ubuntu\.com|canonical\.com)$/;

/** Makers of packages whose endings and names could be the distribution's. Hosts of their maintainers' addresses. */
const foreignHosts =
  /(?:^|\.)(?:nodesource\.com|docker\.com|containerd\.io|gitlab\.com|grafana\.com|google\.com|chromium\.org|microsoft\.com|nginx\.com|f5\.com|oracle\.com|rabbitmq\.com|vmware\.com|broadcom\.com|mongodb\.com|elastic\.co|hashicorp\.com|datadoghq\.com|influxdata\.com|percona\.com|mariadb\.com|redis\.com|redis\.io|confluent\.io|kubernetes\.io|newrelic\.com|splunk\.com|cloudflare\.com|nvidia\.com|amd\.com|jenkins-ci\.org|erlang-solutions\.com|haproxy\.com|varnish-software\.com|yarnpkg\.com|amazon\.com|azul\.com|adoptium\.net|eclipse\.org)$/;

function debian(version: string, vendor: string): Whose {
  if (foreignVersions.some((pattern) => pattern.test(version))) return "other";
  if (vendor === "") return "unknown";
  const host = /@([\w.-]{1,200})>?\s*$/.exec(vendor)?.[1]?.toLowerCase() ?? "";
  // Their own packages have a maintainer, which is "name <address>"; what else is there was a field Vendor, which others' tools write.
  if (!vendor.includes("<")) return /^(?:debian|ubuntu|canonical)\b/i.test(vendor) ? "distribution" : "other";
  if (ownHost.test(host)) return "distribution";
  return foreignHosts.test(host) ? "other" : "unknown";
}

/** Vendors as the distributions write themselves into their packages, by the system's id. */
const rpmVendors: readonly (readonly [RegExp, RegExp])[] = [
  [/^(?:rhel|redhat)$/, /^red hat/i],
  [/^centos$/, /^(?:centos|red hat)/i],
  [/^fedora$/, /^fedora project/i],
  [/^almalinux$/, /^(?:almalinux|cloudlinux)/i],
  [/^rocky$/, /^rocky/i],
  [/^(?:ol|oracle)$/, /^oracle america/i],
  [/^(?:amzn|amazon)$/, /^amazon/i],
  [/^(?:sles|sled|sles_sap|suse|opensuse.*)$/, /^(?:suse|opensuse)/i],
  [/^(?:azurelinux|mariner)$/, /^microsoft/i],
  [/^photon$/, /^(?:vmware|broadcom)/i],
  [/^openeuler$/, /openeuler/i],
  [/^mageia$/, /^mageia/i],
];

/** Another distribution's package, one of its community's (EPEL), a build service: whose advisories speak of it is not told by the vendor. */
const anyDistribution =
  /^(?:red hat|centos|fedora project|almalinux|cloudlinux|rocky|koji|oracle america|amazon|suse|opensuse|obs:)/i;

function rpm(vendor: string, systemId: string): Whose {
  if (vendor === "") return "unknown";
  const own = rpmVendors.find(([id]) => id.test(systemId));
  if (own === undefined) return "unknown";
  if (own[1].test(vendor)) return "distribution";
  return anyDistribution.test(vendor) ? "unknown" : "other";
}

/** `systemId`: the operating system's id, "" when it is not known. Never throws. */
export function whoseBuild(
  { type, version, vendor = "" }: Pick<SoftwarePackage, "type" | "version" | "vendor">,
  systemId: string,
): Whose {
  switch (type) {
    case "deb":
      return debian(version, vendor);
    case "rpm":
      return rpm(vendor, systemId.toLowerCase());
    default:
      return "unknown";
  }
}
