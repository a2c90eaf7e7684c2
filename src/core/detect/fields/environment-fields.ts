// proc.env and proc.aenv: of environments the variables that some rule asks for by name (engine/environment-names.ts); no sensor reads the others.
import type { DetectEvent, ReadValue } from "../event.ts";
import { ancestorOf, type ProcessFacts } from "../process/facts.ts";
import type { Field } from "./field.ts";

/** Longer chains are not followed. */
const ancestorsMax = 32;

/** How a list of variables is looked at: as it is, or with its secrets taken out. */
export type Shown = (variables: readonly string[]) => readonly string[];

const asTheyAre: Shown = (variables) => variables;

const shape = { type: "text", scope: "process", group: "environment", argument: "key" } as const;

export const environmentFields: readonly Field[] = [
  {
    name: "proc.env",
    ...shape,
    description:
      "of the environment the variables that rules ask for, NAME=value with a space between; one variable's value by its name",
    read: (argument) => environmentReader("proc.env", argument, asTheyAre),
  },
  {
    name: "proc.aenv",
    ...shape,
    many: "any",
    description:
      "the same of the ancestors, of one by its number (1 the parent); a variable's value of the nearest that has it",
    read: (argument) => environmentReader("proc.aenv", argument, asTheyAre),
  },
];

export function isEnvironment({ field }: { readonly field: Field }): boolean {
  return field.group === "environment";
}

/** Undefined: the environment was not read, or has no such variable. */
export function environmentReader(name: string, argument: string | undefined, shown: Shown): ReadValue {
  const whole = (process: ProcessFacts | undefined): string | undefined =>
    process?.environment === undefined ? undefined : shown(process.environment).join(" ");
  const one = ({ environment }: ProcessFacts, key: string): string | undefined =>
    environment === undefined ? undefined : valueOf(shown(environment), key);
  if (name === "proc.env")
    return argument === undefined ? ({ process }) => whole(process) : ({ process }) => one(process, argument);
  if (argument === undefined)
    return (event) => {
      const values = ancestorsOf(event).flatMap((process) => whole(process) ?? []);
      return values.length === 0 ? undefined : values;
    };
  if (/^\d+$/.test(argument)) {
    const distance = Number(argument);
    return ({ process }) => whole(ancestorOf(process, distance));
  }
  return (event) => {
    for (const process of ancestorsOf(event)) {
      const value = one(process, argument);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

/** As getenv(3): the first one of the name. */
function valueOf(variables: readonly string[], key: string): string | undefined {
  const found = variables.find((variable) => variable.startsWith(`${key}=`));
  return found?.slice(key.length + 1);
}

function ancestorsOf({ process }: DetectEvent): readonly ProcessFacts[] {
  const found: ProcessFacts[] = [];
  for (let each = process.parent; each !== undefined && found.length < ancestorsMax; each = each.parent)
    found.push(each);
  return found;
}
