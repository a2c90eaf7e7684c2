// SecRule, SecAction, SecMarker and SecDefaultAction. A part that is refused takes its whole chain with it; what follows the chain is read on.
import type { SourcePosition } from "../position.ts";
import { emptyActionSet } from "./action-set.ts";
import type { ActionSet } from "./action-set.ts";
import { trimBlanks } from "./blanks.ts";
import type { PartDraft, RuleDraft } from "./draft.ts";
import { builtInDefaults, tell } from "./layer.ts";
import type { Layer, Shared } from "./layer.ts";
import type { Argument, Directive } from "./lex.ts";
import { seclangLimits } from "./limits.ts";
import { markerName } from "./overlay.ts";
import { parseActions } from "./parse-actions.ts";
import { parseOperator } from "./parse-operator.ts";
import { parseVariables } from "./parse-variables.ts";
import type { Complaint } from "./parse-variables.ts";

/** A part, or undefined when it is refused (told already); either way whether links follow. */
interface ReadPart {
  readonly part: PartDraft | undefined;
  readonly isChain: boolean;
  readonly id: number | undefined;
}

export function readRule(shared: Shared, layer: Layer, directive: Directive): void {
  const read =
    directive.name.toLowerCase() === "secaction" ? readAction(shared, directive) : readPart(shared, layer, directive);
  const { open } = layer;
  if (open !== undefined) {
    readLink(shared, layer, { open, read, position: directive.position });
    return;
  }
  const draft = read.part === undefined ? undefined : headDraft(shared, layer, read.part);
  if (read.id !== undefined && !layer.ids.has(read.id)) layer.ids.set(read.id, directive.position);
  const chain = { draft, isRefused: draft === undefined, position: directive.position };
  if (read.isChain) layer.open = chain;
  else finishRule(shared, layer, chain);
}

/** A directive whose arguments cannot be cut may have been the head or a link of a chain. */
export function refuseBroken(shared: Shared, layer: Layer, directive: Directive): void {
  if (layer.open !== undefined) {
    layer.open.isRefused = true;
    if (!mentionsChain(directive.arguments)) closeChain(shared, layer);
    return;
  }
  shared.refused += 1;
}

/** Ends a chain whose links do not come: at a marker, another directive or the file's end. */
export function endOpenChain(shared: Shared, layer: Layer): void {
  const { open } = layer;
  if (open === undefined) return;
  if (!open.isRefused) {
    const message = "the chain has no further link";
    const objection = { code: "waf/open-chain", message, hint: "a rule with chain is followed by its link" };
    tell(shared, "error", objection, { position: open.position, ruleId: open.draft?.id });
  }
  open.isRefused = true;
  closeChain(shared, layer);
}

function closeChain(shared: Shared, layer: Layer): void {
  const { open } = layer;
  layer.open = undefined;
  if (open !== undefined) finishRule(shared, layer, open);
}

interface Link {
  readonly open: NonNullable<Layer["open"]>;
  readonly read: ReadPart;
  readonly position: SourcePosition;
}

function readLink(shared: Shared, layer: Layer, { open, read, position }: Link): void {
  const { draft } = open;
  if (read.part === undefined) open.isRefused = true;
  else if (draft !== undefined && !isLinkRefused(shared, draft, read.part)) draft.parts.push(read.part);
  else open.isRefused = true;
  if (draft !== undefined && draft.parts.length > seclangLimits.chainLinksMax) {
    const message = `a chain has at most ${seclangLimits.chainLinksMax} links`;
    if (!open.isRefused) tell(shared, "error", { code: "waf/long-chain", message, hint: "part it" }, { position });
    open.isRefused = true;
  }
  if (!read.isChain) closeChain(shared, layer);
}

function isLinkRefused(shared: Shared, draft: RuleDraft, part: PartDraft): boolean {
  const { disruptive, id, phase, skip, skipAfter } = part.actions;
  if (disruptive !== undefined) {
    const message = "only the head of a chain says what is done";
    const hint = `move ${disruptive.value} to the head`;
    tell(
      shared,
      "error",
      { code: "waf/link-action", message, hint },
      { position: disruptive.position, ruleId: draft.id },
    );
    return true;
  }
  const isOtherPhase = phase !== undefined && phase.value !== draft.phase;
  const idle = [id, isOtherPhase ? phase : undefined, skip, skipAfter].find((each) => each !== undefined);
  if (idle !== undefined) {
    const message = "id, phase and skips of a link have no effect";
    const objection = { code: "waf/link-action", message, hint: "only the head of a chain has them" };
    tell(shared, "warning", objection, { position: idle.position, ruleId: draft.id });
  }
  return false;
}

function headDraft(shared: Shared, layer: Layer, part: PartDraft): RuleDraft | undefined {
  const { id, phase } = part.actions;
  const { position } = part;
  if (id === undefined) {
    tell(
      shared,
      "error",
      { code: "waf/no-id", message: "the rule has no id", hint: "add id:..., a number of its own" },
      { position },
    );
    return undefined;
  }
  const before = layer.ids.get(id.value) ?? layer.taken.get(id.value);
  if (before !== undefined) {
    const message = `the id ${id.value} is taken by the rule at ${before.file}:${before.line}`;
    const objection = { code: "waf/duplicate-id", message, hint: "give it a number of its own" };
    tell(shared, "error", objection, { position: id.position, ruleId: id.value });
    return undefined;
  }
  const of = phase?.value ?? 2;
  const defaults = layer.defaults.get(of) ?? builtInDefaults(position);
  return { kind: "rule", id: id.value, phase: of, parts: [part], layer: layer.name, defaults };
}

function finishRule(shared: Shared, layer: Layer, chain: NonNullable<Layer["open"]>): void {
  const { draft } = chain;
  if (draft === undefined || chain.isRefused) {
    shared.refused += 1;
    return;
  }
  const isOver = overLimit(shared, layer, draft);
  if (isOver !== undefined) {
    tell(shared, "error", { code: "waf/too-many-rules", message: isOver, hint: "leave some out" }, chain);
    shared.refused += 1;
    return;
  }
  shared.rules += 1;
  layer.items.push(draft);
}

/** Why there is no room for one more rule; undefined: there is. */
function overLimit(shared: Shared, layer: Layer, draft: RuleDraft): string | undefined {
  const { overlayRulesMax, overlayWordsMax, rulesMax } = seclangLimits;
  if (shared.rules >= rulesMax) return `a rule set has at most ${rulesMax} rules`;
  if (layer.restrictedBy === undefined) return undefined;
  if (layer.items.length >= overlayRulesMax) return `an overlay has at most ${overlayRulesMax} rules and markers`;
  const words = draft.parts.reduce((sum, { operator }) => sum + operator.words.length, 0);
  if (layer.words + words > overlayWordsMax)
    return `the words of an overlay's rules are at most ${overlayWordsMax} in all`;
  layer.words += words;
  return undefined;
}

function mentionsChain(found: readonly Argument[]): boolean {
  return found.some(({ text }) => /(?:^|[\s,])chain\s*(?:,|$)/i.test(text));
}

function readAction(shared: Shared, directive: Directive): ReadPart {
  const [list, more] = directive.arguments;
  if (list === undefined || more !== undefined)
    return wrongCount(shared, directive, 'write SecAction "id:1,phase:1,..."');
  const actions = readActions(shared, list);
  if (actions.set === undefined) return { part: undefined, isChain: actions.isChain, id: actions.id };
  const operator = { name: "unconditionalmatch", argument: "", isNegated: false, words: [] };
  const part = { position: directive.position, variables: [], operator, actions: actions.set };
  return { part, isChain: actions.isChain, id: actions.id };
}

function readPart(shared: Shared, layer: Layer, directive: Directive): ReadPart {
  const [targets, test, list, more] = directive.arguments;
  if (targets === undefined || test === undefined || more !== undefined)
    return wrongCount(shared, directive, 'write SecRule ARGS "@rx ..." "id:1,phase:2,..."');
  const actions =
    list === undefined ? { set: emptyActionSet(), isChain: false, id: undefined } : readActions(shared, list);
  const ruleId = actions.id;
  const parsed = parseVariables(targets.text);
  if (parsed.complaint !== undefined) tellComplaint(shared, parsed.complaint, targets, { severity: "error", ruleId });
  const { operator, complaint } = parseOperator(test.text, {
    reader: layer.reader,
    from: directive.position.file,
    onRead: (path, text) => noteRead(shared, path, text),
    known: layer.wordLists,
  });
  if (complaint !== undefined)
    tellComplaint(shared, complaint, test, { severity: operator === undefined ? "error" : "note", ruleId });
  if (actions.set === undefined || operator === undefined || parsed.complaint !== undefined)
    return { part: undefined, isChain: actions.isChain, id: ruleId };
  const part = { position: directive.position, variables: parsed.variables, operator, actions: actions.set };
  return { part, isChain: actions.isChain, id: ruleId };
}

export function noteRead(shared: Shared, path: string, text: string): void {
  shared.digest.add(path);
  shared.digest.add(text);
}

function tellComplaint(
  shared: Shared,
  complaint: Complaint,
  argument: Argument,
  of: { readonly severity: "error" | "note"; readonly ruleId: number | undefined },
): void {
  tell(shared, of.severity, complaint, { position: argument.positionAt(complaint.index), ruleId: of.ruleId });
}

function readActions(
  shared: Shared,
  list: Argument,
): { readonly set: ActionSet | undefined; readonly isChain: boolean; readonly id: number | undefined } {
  const { set, problems } = parseActions(list);
  const id = set.id?.value;
  for (const problem of problems) shared.problems.add(id === undefined ? problem : { ...problem, ruleId: id });
  if (!problems.some(({ severity }) => severity === "error")) return { set, isChain: set.isChain, id };
  return { set: undefined, isChain: set.isChain || mentionsChain([list]), id };
}

function wrongCount(shared: Shared, directive: Directive, hint: string): ReadPart {
  const message = `${directive.name} has ${directive.arguments.length} arguments`;
  tell(shared, "error", { code: "waf/bad-arguments", message, hint }, { position: directive.position });
  return { part: undefined, isChain: mentionsChain(directive.arguments), id: undefined };
}

export function readMarker(shared: Shared, layer: Layer, directive: Directive): void {
  const [name, more] = directive.arguments;
  const text = trimBlanks(name?.text ?? "");
  if (text === "" || more !== undefined) {
    wrongCount(shared, directive, "write SecMarker NAME");
    return;
  }
  const { position } = directive;
  layer.items.push({ kind: "marker", name: markerName(layer.name, text), position, layer: layer.name });
}

export function readDefaultAction(shared: Shared, layer: Layer, directive: Directive): void {
  const [list, more] = directive.arguments;
  if (list === undefined || more !== undefined) {
    wrongCount(shared, directive, 'write SecDefaultAction "phase:2,log,pass"');
    return;
  }
  const { set } = readActions(shared, list);
  if (set === undefined) return;
  const refuse = (message: string, hint: string): void => {
    tell(shared, "error", { code: "waf/bad-default-action", message, hint }, { position: directive.position });
  };
  if (set.phase === undefined) return refuse("SecDefaultAction needs a phase", "add phase:1 to phase:5");
  if (set.disruptive === undefined)
    return refuse("SecDefaultAction says nothing of what is done", "add pass, deny, drop or redirect");
  if (set.disruptive.value === "block") return refuse("block is what SecDefaultAction defines", "write deny or pass");
  if (set.id ?? set.message ?? set.logData ?? set.skip ?? set.skipAfter ?? set.severity ?? set.version)
    return refuse(
      "SecDefaultAction holds what belongs to one rule",
      "leave id, msg, logdata, severity, ver and skips to rules",
    );
  if (set.isChain || set.tags.length > 0)
    return refuse("SecDefaultAction holds what belongs to one rule", "leave chain and tag to rules");
  const { transformations } = set;
  if (transformations.some((name) => name !== "none")) {
    const message = "default transformations change every rule that does not begin with t:none";
    const objection = { code: "waf/default-transformations", message, hint: "name transformations in the rules" };
    tell(shared, "warning", objection, { position: directive.position });
  }
  if (layer.ownDefaults.has(set.phase.value)) {
    const message = `phase ${set.phase.value} has a default action already; this one holds for the rules that follow`;
    const objection = { code: "waf/default-action-again", message, hint: "leave one of them out" };
    tell(shared, "warning", objection, { position: directive.position });
  }
  layer.ownDefaults.add(set.phase.value);
  layer.defaults.set(set.phase.value, set);
}
