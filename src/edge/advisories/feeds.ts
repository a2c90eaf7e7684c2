// What is known of a feed by its name: whether it lists what is not fixed, too, so that its silence about a package means "not affected".
const comprehensive: ReadonlySet<string> = new Set([
  "debian-tracker",
  // OSV's DEBIAN-CVE and UBUNTU-CVE records are made of the trackers and list what is not fixed.
  "osv-debian-cve",
  "osv-ubuntu-cve",
  "ubuntu-vex",
  "redhat-vex",
]);

export function isComprehensive(feed: string): boolean {
  return comprehensive.has(feed);
}

/** The feed of an OSV record, by its id and ecosystem: each has its own source, count and age. */
export function osvFeedOf(id: string, ecosystem: string): string {
  if (id.startsWith("GARRISON-DEB")) return "debian-changelog";
  if (id.startsWith("GHSA-")) return "ghsa";
  if (id.startsWith("MAL-")) return "osv-malicious";
  if (id.startsWith("DEBIAN-CVE-")) return "osv-debian-cve";
  if (id.startsWith("UBUNTU-CVE-")) return "osv-ubuntu-cve";
  const name = (ecosystem.split(":", 1)[0] ?? "").toLowerCase().replaceAll(/[^a-z0-9.]+/g, "-");
  return `osv-${name}`;
}
