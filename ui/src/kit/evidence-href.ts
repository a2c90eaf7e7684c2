// The address of a screen that the server names. Only paths of the console: what could leave it leads to the overview. Pure.
import { readUrlState, stringifySearch, type UrlState } from "../app/url-state.ts";

export interface Evidence {
  readonly screen: string;
  readonly search: Readonly<Record<string, string>>;
}

/** The path with its search; the range of `state` unless the evidence has its own. */
export function evidenceHref({ screen, search }: Evidence, state: UrlState): string {
  const path = /^\/(?![/\\])[\w./~%:@!$&'()*+,;=-]*$/.test(screen) ? screen : "/overview";
  return path + stringifySearch({ ...readUrlState({ range: state.range, ...search }) });
}
