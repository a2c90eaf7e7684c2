// Where distributions and images put the Core Rule Set, and where its set-up file lies when that is elsewhere.
import { existsSync } from "node:fs";
import path from "node:path";

/** Folder of the rules, and of crs-setup.conf where it is another one. */
export const systemPlaces: readonly { readonly folder: string; readonly setup?: string }[] = [
  // Debian, Ubuntu
  { folder: "/usr/share/modsecurity-crs", setup: "/etc/modsecurity/crs" },
  // Fedora, RHEL
  { folder: "/usr/share/mod_modsecurity_crs", setup: "/etc/httpd/modsecurity.d" },
  // Alpine, Arch, openSUSE
  { folder: "/usr/share/coreruleset" },
  { folder: "/usr/share/owasp-modsecurity-crs" },
  { folder: "/usr/share/apache2-mod_security2" },
  // The project's own container images
  { folder: "/etc/modsecurity.d/owasp-crs" },
  { folder: "/opt/owasp-crs" },
  { folder: "/etc/crs4" },
  { folder: "/usr/local/share/coreruleset" },
  { folder: "/usr/local/owasp-modsecurity-crs" },
];

/** The folder with the set-up of a distribution's rules; undefined: it lies with the rules. */
export function setupFolderOf(folder: string): string | undefined {
  for (const place of systemPlaces) {
    if (place.setup === undefined || !folder.endsWith(place.folder)) continue;
    const setup = path.join(folder.slice(0, folder.length - place.folder.length), place.setup);
    return existsSync(path.join("/", setup)) ? path.join("/", setup) : undefined;
  }
  return undefined;
}
