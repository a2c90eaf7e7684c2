// A name with its value, in a list of facts. What is not known is a dash with its reason, never a zero.
import type { ReactNode } from "react";

interface FactProps {
  readonly name: string;
  readonly title?: string | undefined;
  /** Said again elsewhere on the page: left out where there is little room. */
  readonly minor?: true;
  readonly children: ReactNode;
}

export function Fact({ name, title, minor, children }: FactProps) {
  return (
    <div title={title} className={minor === true ? "fact-minor" : undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** "–" for what was not looked at; why stands in its title and is read out. */
export function NotKnown({ because }: { readonly because: string }) {
  return (
    <span className="none" title={because}>
      –<span className="read-only"> not known: {because}</span>
    </span>
  );
}
