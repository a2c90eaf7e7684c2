// Reads the package sources that a Debian machine is configured with, to ask the same servers for source packages.
// Pure: text in, text out; no host is named here.

/** The enabled binary sources of this suite as one text of deb822 stanzas for source packages; "" when there is none. */
export function sourceStanzas(texts: readonly string[], codename: string): string {
  const stanzas = texts.flatMap((text) =>
    /^\s*deb(-src)?\s/m.test(text) ? oneLineStanzas(text) : deb822Stanzas(text),
  );
  const ofSuite = stanzas.filter(({ suites }) => suites.some((suite) => isOfRelease(suite, codename)));
  const written = ofSuite.map((stanza) => write(stanza, codename));
  return [...new Set(written)].join("\n");
}

interface Stanza {
  readonly uris: string;
  readonly suites: readonly string[];
  readonly components: string;
  /** Keyring path, or the indented key block as it stands. */
  readonly signedBy: string | undefined;
}

function isOfRelease(suite: string, codename: string): boolean {
  return suite === codename || suite.startsWith(`${codename}-`) || suite.startsWith(`${codename}/`);
}

function write(stanza: Stanza, codename: string): string {
  const suites = stanza.suites.filter((suite) => isOfRelease(suite, codename)).join(" ");
  const signed = stanza.signedBy === undefined ? "" : `Signed-By:${stanza.signedBy}\n`;
  return `Types: deb-src\nURIs: ${stanza.uris}\nSuites: ${suites}\nComponents: ${stanza.components}\n${signed}`;
}

/** The deb822 form: stanzas between empty lines, "Field: value", lines that begin with a space go on. */
function deb822Stanzas(text: string): Stanza[] {
  const stanzas: Stanza[] = [];
  const withoutComments = text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n");
  for (const block of withoutComments.split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    for (const [, name = "", value = ""] of block.matchAll(/^([A-Za-z][A-Za-z-]*):(.*(?:\n[ \t].*)*)/gm))
      fields.set(name.toLowerCase(), value);
    const isEnabled = fields.get("enabled")?.trim() !== "no";
    const uris = fields.get("uris")?.trim();
    const suites = fields.get("suites")?.trim().split(/\s+/);
    if (!isEnabled || uris === undefined || suites === undefined) continue;
    const components = fields.get("components")?.trim() ?? "";
    stanzas.push({ uris, suites, components, signedBy: fields.get("signed-by")?.trimEnd() });
  }
  return stanzas;
}

/** The older form: deb [option=value ...] URI SUITE COMPONENT... */
function oneLineStanzas(text: string): Stanza[] {
  const stanzas: Stanza[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*deb(?:-src)?\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line);
    const [, options = "", uris, suite, components] = match ?? [];
    if (uris === undefined || suite === undefined || components === undefined) continue;
    const keyring = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
    stanzas.push({
      uris,
      suites: [suite],
      components: components.trim(),
      signedBy: keyring === undefined ? undefined : ` ${keyring}`,
    });
  }
  return stanzas;
}

/** The newest version of a source package whose upstream part is `upstream`, from what `apt-cache showsrc` prints. */
export function sourceVersion(showsrc: string, upstream: string): string | undefined {
  const versions = [...showsrc.matchAll(/^Version: (\S+)$/gm)].map(([, version = ""]) => version);
  const isWanted = (version: string) => {
    const without = version.replace(/^\d+:/, "").replace(/-[^-]*$/, "");
    return without === upstream || without.endsWith(`+really${upstream}`);
  };
  return versions.filter(isWanted).at(-1);
}
