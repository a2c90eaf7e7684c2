// What an action list says, before default actions are merged in. Things that a reader may refuse later carry their position.
import type { SourcePosition } from "../position.ts";
import type { ControlAction, DisruptiveAction, MacroText, Phase, VariableAssignment } from "./rule-set.ts";

export interface Located<T> {
  readonly value: T;
  readonly position: SourcePosition;
}

export interface Expiration {
  readonly collection: string;
  readonly key: MacroText;
  readonly seconds: MacroText;
}

export interface KeptCollection {
  readonly collection: string;
  readonly key: MacroText;
}

export interface ActionSet {
  id: Located<number> | undefined;
  phase: Located<Phase> | undefined;
  disruptive: Located<DisruptiveAction> | undefined;
  redirect: MacroText | undefined;
  status: number | undefined;
  isLogged: boolean | undefined;
  isAudited: boolean | undefined;
  severity: number | undefined;
  message: MacroText | undefined;
  logData: MacroText | undefined;
  version: string | undefined;
  revision: string | undefined;
  maturity: string | undefined;
  accuracy: string | undefined;
  tags: string[];
  /** "none" clears what stands before it, of default actions too. */
  transformations: string[];
  isChain: boolean;
  isCapture: boolean;
  isMultiMatch: boolean;
  assignments: Located<VariableAssignment>[];
  expirations: Located<Expiration>[];
  collections: Located<KeptCollection>[];
  controls: Located<ControlAction>[];
  skip: Located<number> | undefined;
  skipAfter: Located<string> | undefined;
}

export function emptyActionSet(): ActionSet {
  return {
    id: undefined,
    phase: undefined,
    disruptive: undefined,
    redirect: undefined,
    status: undefined,
    isLogged: undefined,
    isAudited: undefined,
    severity: undefined,
    message: undefined,
    logData: undefined,
    version: undefined,
    revision: undefined,
    maturity: undefined,
    accuracy: undefined,
    tags: [],
    transformations: [],
    isChain: false,
    isCapture: false,
    isMultiMatch: false,
    assignments: [],
    expirations: [],
    collections: [],
    controls: [],
    skip: undefined,
    skipAfter: undefined,
  };
}

/** `base` with what `change` says over it: single values are replaced, lists are added to. `t:none` in the change clears the base's transformations. */
export function mergeActionSets(base: ActionSet, change: ActionSet): ActionSet {
  return {
    id: base.id,
    phase: change.phase ?? base.phase,
    disruptive: change.disruptive ?? base.disruptive,
    redirect: change.redirect ?? base.redirect,
    status: change.status ?? base.status,
    isLogged: change.isLogged ?? base.isLogged,
    isAudited: change.isAudited ?? base.isAudited,
    severity: change.severity ?? base.severity,
    message: change.message ?? base.message,
    logData: change.logData ?? base.logData,
    version: change.version ?? base.version,
    revision: change.revision ?? base.revision,
    maturity: change.maturity ?? base.maturity,
    accuracy: change.accuracy ?? base.accuracy,
    tags: [...base.tags, ...change.tags],
    transformations: [...base.transformations, ...change.transformations],
    isChain: base.isChain,
    isCapture: base.isCapture || change.isCapture,
    isMultiMatch: base.isMultiMatch || change.isMultiMatch,
    assignments: [...base.assignments, ...change.assignments],
    expirations: [...base.expirations, ...change.expirations],
    collections: [...base.collections, ...change.collections],
    controls: [...base.controls, ...change.controls],
    skip: change.skip ?? base.skip,
    skipAfter: change.skipAfter ?? base.skipAfter,
  };
}

/** Names of transformations that are run: what stands after the last `none`. */
export function effectiveTransformations(names: readonly string[]): readonly string[] {
  return names.slice(names.lastIndexOf("none") + 1);
}
