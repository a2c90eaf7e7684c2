/** Variables that say nothing of a request by themselves: values of rules, and what other rules matched. */
export const innerVariables: ReadonlySet<string> = new Set(
  "DURATION ENV GLOBAL HIGHEST_SEVERITY IP MATCHED_VAR MATCHED_VARS MATCHED_VARS_NAMES MATCHED_VAR_NAME RESOURCE RULE SESSION TX UNIQUE_ID USER".split(
    " ",
  ),
);
