// Where distributions and images put the Core Rule Set, and where its set-up file lies when that is elsewhere.
import { existsSync, realpathSync } from "node:fs";
import path from "node:path";

/** Folder of the rules, and of crs-setup.conf where it is another one. */
const places: readonly { readonly folder: string; readonly setup?: string }[] = [
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

/** Folders that `openRuleFolder` opens as a Core Rule Set, best first. `root` is another root of the file system, for tests. */
export function findSystemRules(root = "/"): readonly string[] {
  const found = places.flatMap(({ folder, setup }) => {
    const here = path.join(root, folder);
    const setups = [here, ...(setup === undefined ? [] : [path.join(root, setup)])];
    const hasSetup = setups.some((each) =>
      ["crs-setup.conf", "crs-setup.conf.example"].some((name) => existsSync(path.join(each, name))),
    );
    return hasSetup && existsSync(path.join(here, "rules")) ? [here] : [];
  });
  const byRealPath = new Map(found.toReversed().map((folder) => [realpathSync(folder), folder]));
  return found.filter((folder) => byRealPath.get(realpathSync(folder)) === folder);
}

/** The folder with the set-up of a distribution's rules; undefined: it lies with the rules. */
export function setupFolderOf(folder: string): string | undefined {
  for (const place of places) {
    if (place.setup === undefined || !folder.endsWith(place.folder)) continue;
    const setup = path.join(folder.slice(0, folder.length - place.folder.length), place.setup);
    return existsSync(path.join("/", setup)) ? path.join("/", setup) : undefined;
  }
  return undefined;
}
