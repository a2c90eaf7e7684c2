// Files of a layer, directive by directive, includes followed. Each directive is handed to the reader of its kind; an unknown one is refused with the nearest name.
import { endOpenChain, noteRead, readDefaultAction, readMarker, readRule, refuseBroken } from "./read-rule.ts";
import { readUpdate, updateDirectives } from "./read-update.ts";
import { tell } from "./layer.ts";
import type { Layer, Shared } from "./layer.ts";
import { directivesOf } from "./lex.ts";
import type { Directive } from "./lex.ts";
import { seclangLimits } from "./limits.ts";
import { overlayDirectives, refusal } from "./overlay.ts";
import type { RuleFile } from "./parsed.ts";
import { hintFor } from "./problems.ts";
import { isSetting, settingNames, takeSetting, whyWithoutEffect } from "./settings.ts";

const refused: ReadonlyMap<string, string> = new Map([
  ["secremoterules", "rules are not fetched from elsewhere; put them into a file"],
  ["secrulescript", "rules start no programs"],
]);

const directiveNames: readonly string[] = [
  ..."Include IncludeOptional SecAction SecArgumentSeparator SecArgumentsLimit SecCollectionTimeout SecComponentSignature".split(
    " ",
  ),
  ..."SecCookieFormat SecDefaultAction SecMarker SecRequestBodyAccess SecRequestBodyJsonDepthLimit SecRequestBodyLimit".split(
    " ",
  ),
  ..."SecRequestBodyLimitAction SecRequestBodyNoFilesLimit SecResponseBodyAccess SecResponseBodyLimit SecRule".split(
    " ",
  ),
  ..."SecResponseBodyLimitAction SecResponseBodyMimeType SecResponseBodyMimeTypesClear SecRuleEngine SecWebAppId".split(
    " ",
  ),
  ..."SecRuleRemoveById SecRuleRemoveByMsg SecRuleRemoveByTag SecRuleUpdateActionById SecRuleUpdateTargetById".split(
    " ",
  ),
  ..."SecRuleUpdateTargetByMsg SecRuleUpdateTargetByTag SecUnicodeMapFile".split(" "),
];

export function readFiles(shared: Shared, layer: Layer, files: readonly RuleFile[]): void {
  for (const file of files) readFile(shared, layer, { file, within: [] });
}

interface Reading {
  readonly file: RuleFile;
  /** Files that include this one, outermost first. */
  readonly within: readonly string[];
}

function readFile(shared: Shared, layer: Layer, { file, within }: Reading): void {
  const bytes = file.text.length;
  const position = { file: file.file, line: 1, column: 0 };
  const refuse = (message: string): void => {
    tell(shared, "error", { code: "waf/too-large", message, hint: "leave out what is not needed" }, { position });
  };
  if (bytes > seclangLimits.fileBytesMax) return refuse(`the file is larger than ${seclangLimits.fileBytesMax} bytes`);
  if (shared.totalBytes + bytes > seclangLimits.totalBytesMax)
    return refuse(`the rules are larger than ${seclangLimits.totalBytesMax} bytes in all`);
  if (shared.files.length >= seclangLimits.filesMax)
    return refuse(`there are more than ${seclangLimits.filesMax} files`);
  shared.totalBytes += bytes;
  shared.files.push({ file: file.file, bytes });
  noteRead(shared, file.file, file.text);
  for (const directive of directivesOf(file.file, file.text)) readDirective(shared, layer, { directive, file, within });
  endOpenChain(shared, layer);
}

interface Place extends Reading {
  readonly directive: Directive;
}

function readDirective(shared: Shared, layer: Layer, place: Place): void {
  const { directive } = place;
  const name = directive.name.toLowerCase();
  const { position, broken } = directive;
  if (directive.bytes > seclangLimits.directiveBytesMax) {
    const message = `the directive is longer than ${seclangLimits.directiveBytesMax} bytes`;
    tell(shared, "error", { code: "waf/too-large", message, hint: "part it" }, { position });
    refuseBroken(shared, layer, directive);
    return;
  }
  const isRule = name === "secrule" || name === "secaction";
  if (broken !== undefined) {
    tell(shared, "error", { code: "waf/bad-quotes", ...broken }, broken);
    if (isRule) refuseBroken(shared, layer, directive);
    return;
  }
  if (!isRule) endOpenChain(shared, layer);
  if (layer.restrictedBy !== undefined && !overlayDirectives.has(name)) {
    const message = `${directive.name} is the operator's`;
    shared.problems.add(refusal(message, "an overlay holds rules, markers and updates of its own rules", position));
    return;
  }
  if (isRule) readRule(shared, layer, directive);
  else if (name === "secmarker") readMarker(shared, layer, directive);
  else if (name === "secdefaultaction") readDefaultAction(shared, layer, directive);
  else if (name === "include" || name === "includeoptional") readInclude(shared, layer, place);
  else if (updateDirectives.has(name)) readUpdate(shared, layer, directive);
  else readSetting(shared, layer, directive);
}

function readSetting(shared: Shared, layer: Layer, directive: Directive): void {
  const name = directive.name.toLowerCase();
  const { position } = directive;
  if (isSetting(name)) {
    const values = directive.arguments.map(({ text }) => text);
    const onRead = (path: string, text: string): void => noteRead(shared, path, text);
    const source = { reader: layer.reader, from: position.file, onRead };
    const because = takeSetting(shared.settings, name, values, source);
    if (because === undefined) return;
    const message = `${directive.name}: ${because.message}`;
    tell(shared, "error", { code: "waf/bad-setting", message, hint: because.hint }, { position });
    return;
  }
  const idle = whyWithoutEffect(name);
  if (idle !== undefined) {
    tell(
      shared,
      "note",
      { code: "waf/no-effect", message: `${directive.name} has no effect`, hint: idle },
      { position },
    );
    return;
  }
  const because = refused.get(name);
  if (because !== undefined) {
    const message = `${directive.name} is not supported`;
    tell(shared, "error", { code: "waf/unsupported-directive", message, hint: because }, { position });
    return;
  }
  const isContainer = directive.name.startsWith("<");
  const hint = isContainer
    ? "sections of a web server's configuration are not rules; leave them out"
    : hintFor(directive.name, [...new Set([...directiveNames, ...settingNames])], "see the reference for directives");
  const message = `there is no directive ${directive.name.slice(0, 64)}`;
  tell(shared, "error", { code: "waf/unknown-directive", message, hint }, { position });
}

function readInclude(shared: Shared, layer: Layer, { directive, file, within }: Place): void {
  const { position } = directive;
  const path = directive.arguments[0]?.text ?? "";
  const refuse = (message: string, hint: string): void => {
    tell(shared, "error", { code: "waf/bad-include", message, hint }, { position });
  };
  if (path === "" || directive.arguments.length !== 1)
    return refuse("Include takes one path", "write Include rules/*.conf");
  if (within.length >= seclangLimits.includeDepthMax)
    return refuse(
      `files include each other more than ${seclangLimits.includeDepthMax} deep`,
      "include them beside each other",
    );
  const found = layer.reader.include(path, position.file);
  if ("refused" in found)
    return refuse(`${path} is not included: ${found.refused}`, "name a path in the folder of the rules");
  if (found.length === 0 && directive.name.toLowerCase() === "include")
    return refuse(`no file is there for ${path}`, "mend the path, or write IncludeOptional");
  for (const each of found) {
    if (each.file === file.file || within.includes(each.file))
      refuse(`${each.file} includes itself`, "leave the line out");
    else readFile(shared, layer, { file: each, within: [...within, file.file] });
  }
}
