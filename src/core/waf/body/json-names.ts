// Names of JSON values as rules know them: `json.a.b`, and of arrays `json.a.array_0` as ModSecurity has it (or `json.a.0`).

/** How members of arrays are named: "array_0" is what libmodsecurity's users have in their exclusions, "index" what Coraza's have. */
export type JsonArrayNames = "array_0" | "index";

interface Container {
  readonly name: string;
  readonly isArray: boolean;
  members: number;
  key: string;
}

export interface JsonNames {
  readonly depth: number;
  /** Innermost container; undefined at the top. */
  readonly isInArray: boolean | undefined;
  open(kind: "array" | "object"): void;
  /** Closes the innermost container; its name when it was empty and not the top, else undefined. */
  close(): string | undefined;
  setKey(key: string): void;
  /** Of the value that comes next. */
  valueName(): string;
}

export function createJsonNames(arrays: JsonArrayNames): JsonNames {
  const stack: Container[] = [];
  const valueName = (): string => {
    const top = stack.at(-1);
    if (top === undefined) return "json";
    const member = top.members;
    top.members += 1;
    if (!top.isArray) return `${top.name}.${top.key}`;
    return `${top.name}.${arrays === "index" ? "" : "array_"}${String(member)}`;
  };
  return {
    get depth() {
      return stack.length;
    },
    get isInArray() {
      return stack.at(-1)?.isArray;
    },
    open: (kind) => {
      stack.push({ name: valueName(), isArray: kind === "array", members: 0, key: "" });
    },
    close: () => {
      const closed = stack.pop();
      return closed !== undefined && closed.members === 0 && stack.length > 0 ? closed.name : undefined;
    },
    setKey: (key) => {
      const top = stack.at(-1);
      if (top !== undefined) top.key = key;
    },
    valueName,
  };
}
