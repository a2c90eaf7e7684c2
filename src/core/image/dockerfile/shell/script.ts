// What a shell script is to the rules: simple commands with their words, wherever they stand (chains, pipes, groups, loops, substitutions).

export const shellLimits = { depthMax: 24, commandsMax: 5_000 } as const;

export interface ShellWord {
  /** Quotes taken away; variables as written, "$()" for a substitution. */
  readonly text: string;
  readonly offset: number;
  readonly isQuoted: boolean;
  /** Holds a variable or a substitution: its value is not known here. */
  readonly isOpen: boolean;
  /** Holds a command substitution. */
  readonly hasSubstitution: boolean;
}

export interface Redirection {
  /** ">", ">>", "<", "<<", "<<<", ">&", ... */
  readonly operator: string;
  readonly target: string;
}

export interface ShellCommand {
  /** The last part of its path: "apt-get"; "" when only assignments stand there. */
  readonly name: string;
  /** As written. */
  readonly written: string;
  readonly arguments: readonly ShellWord[];
  /** Before it: PIP_NO_CACHE_DIR=1 pip install. */
  readonly assignments: readonly { readonly name: string; readonly value: string }[];
  readonly redirections: readonly Redirection[];
  readonly offset: number;
  /** Inside ( ), $( ) or backquotes: what it changes of its process ends there. */
  readonly isNested: boolean;
  /** Run by sudo, env, xargs, sh -c and their like. */
  readonly isWrapped: boolean;
  /** Commands of one pipe share a number; -1 stands alone. */
  pipe: number;
  /** Index of the instruction's heredoc that its offsets count in; -1: the instruction's own text. */
  readonly heredoc: number;
}

export interface Script {
  readonly commands: readonly ShellCommand[];
  readonly hasPipe: boolean;
  /** How many commands stand in it, those inside wrappers and substitutions not counted twice. */
  readonly count: number;
}
