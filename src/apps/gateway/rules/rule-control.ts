// Which rule set is in force, in all workers. A new one is tried by the first worker; only when it holds do the others get the very same bytes. One that is
// broken leaves the old one serving and is told.
import { Fault, toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { WafProblem } from "../../../core/waf/position.ts";
import type { LoadResult } from "../worker/messages.ts";
import type { Worker } from "../worker/worker.ts";
import type { WafPolicyProblem } from "../../../core/waf/policy/named.ts";
import type { PolicyOrder } from "./compile-policies.ts";
import { folderDigest } from "./folder-digest.ts";
import type { RulePackage } from "./rule-package.ts";

export interface RuleState {
  /** Of the rule set in force; "" before the first. */
  readonly digest: string;
  readonly rules: number;
  readonly source: string;
  /** Why the newest was refused; "" when it is in force. */
  readonly problem: string;
  readonly problems: readonly WafProblem[];
  readonly policyProblems: readonly WafPolicyProblem[];
  readonly loads: number;
  readonly refusals: number;
  readonly loadMs: number;
}

export interface RuleControl {
  readonly state: RuleState;
  /** The first load; throws the Fault "gateway/rules" when there is nothing to serve. */
  start(): Promise<void>;
  /** "files": whatever changed on disk. "policies": the same rules under other policies. Calls that overlap become one more load. */
  reload(reason: "files" | "policies"): Promise<void>;
  /** Looks whether files changed and have settled, or something in a policy ended, and loads then. */
  look(nowMs: number): Promise<void>;
}

export interface RuleControlParts {
  readonly workers: readonly Worker[];
  readonly paths: readonly string[];
  /** Beside the rules: looked at for changes too. */
  readonly policyFiles: readonly string[];
  readonly policies: () => PolicyOrder;
  readonly logger: Logger;
  /** After each load that was tried. */
  readonly onChange: (state: RuleState) => void;
}

const rulesHint =
  "`garrison waf lint` says what is wrong with each line; `garrison waf rules` finds what the system has";

interface Control {
  readonly parts: RuleControlParts;
  state: RuleState;
  number: number;
  /** A new set with more of them is refused. The first has none in the rule files: what is left out would be missed by nobody. */
  errorsInForce: number;
  refusedHint: string;
  package: RulePackage | undefined;
  nextChangeMs: number | undefined;
  /** What the files were when they were read last, and when they were looked at last. */
  loadedDigest: string;
  seenDigest: string;
}

export function createRuleControl(parts: RuleControlParts): RuleControl {
  const control: Control = {
    parts,
    state: {
      digest: "",
      rules: 0,
      source: "",
      problem: "",
      problems: [],
      policyProblems: [],
      loads: 0,
      refusals: 0,
      loadMs: 0,
    },
    number: 0,
    errorsInForce: 0,
    refusedHint: rulesHint,
    package: undefined,
    nextChangeMs: undefined,
    loadedDigest: "",
    seenDigest: "",
  };
  let tail: Promise<void> = Promise.resolve();
  let isWaiting = false;
  let waitingForFiles = false;
  function reload(reason: "files" | "policies"): Promise<void> {
    waitingForFiles ||= reason === "files";
    if (isWaiting) return tail;
    isWaiting = true;
    tail = tail.then(() => {
      isWaiting = false;
      const isFiles = waitingForFiles;
      waitingForFiles = false;
      return load(control, isFiles ? "files" : "policies");
    });
    return tail;
  }
  return {
    get state() {
      return control.state;
    },
    async start() {
      await reload("files");
      if (control.state.digest !== "") return;
      throw new Fault(control.state.problem, {
        code: "gateway/rules",
        kind: "usage",
        hint: control.refusedHint,
      });
    },
    reload,
    async look(nowMs) {
      if (control.nextChangeMs !== undefined && nowMs >= control.nextChangeMs) await reload("policies");
      const digest = digestOf(parts);
      // Written twice in a row means still being written: the next look takes it.
      const hasSettled = digest === control.seenDigest;
      control.seenDigest = digest;
      if (digest !== control.loadedDigest && hasSettled) await reload("files");
    },
  };
}

function digestOf({ paths, policyFiles }: RuleControlParts): string {
  return folderDigest([...paths, ...policyFiles]);
}

async function load(control: Control, reason: "files" | "policies"): Promise<void> {
  const { parts } = control;
  control.number += 1;
  const digest = digestOf(parts);
  if (reason === "files") {
    control.loadedDigest = digest;
    control.seenDigest = digest;
  }
  try {
    const order = {
      number: control.number,
      paths: parts.paths,
      package: reason === "files" ? undefined : control.package,
      inForce: reason === "files" && control.state.digest !== "" ? rulesOf(control.state) : undefined,
      policies: parts.policies(),
    };
    const [first, ...others] = parts.workers;
    const result = await first?.load(order, control.errorsInForce);
    if (result === undefined || !result.isLoaded) return refused(control, result?.because ?? "there is no worker");
    const rest = await Promise.all(
      others.map((worker) =>
        worker.load({ ...order, package: result.package, tables: result.tables }, Number.POSITIVE_INFINITY),
      ),
    );
    taken(control, result, rest);
  } catch (error) {
    // Policies that cannot be read, or a worker that is gone.
    const { message, hint } = toFault(error);
    refused(control, message, hint);
  }
}

function rulesOf({ rules, source }: RuleState): { readonly rules: number; readonly source: string } {
  return { rules, source };
}

function refused(control: Control, because: string, hint = rulesHint): void {
  const { state, parts } = control;
  control.refusedHint = hint;
  control.state = { ...state, problem: because, refusals: state.refusals + 1 };
  parts.logger.error({ because, inForce: state.digest }, "a rule set was refused; the one before it goes on");
  parts.onChange(control.state);
}

function taken(control: Control, result: LoadResult & { readonly isLoaded: true }, rest: readonly LoadResult[]): void {
  const odd = rest.find((one) => !one.isLoaded || one.digest !== result.digest);
  const { digest, rules, source, problems, policyProblems, loadMs } = result;
  control.package = result.package;
  control.nextChangeMs = result.nextChangeMs;
  control.errorsInForce = problems.filter(({ severity }) => severity === "error").length;
  control.state = {
    digest,
    rules,
    source,
    problems,
    policyProblems,
    loadMs,
    problem: odd === undefined ? "" : `a worker has another rule set: ${odd.isLoaded ? odd.digest : odd.because}`,
    loads: control.state.loads + 1,
    refusals: control.state.refusals,
  };
  control.parts.logger.info({ digest, rules, source, loadMs: Math.round(loadMs) }, "a rule set is in force");
  control.parts.onChange(control.state);
}
