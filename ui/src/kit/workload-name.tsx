// A workload's name, linked to its page wherever it stands. What is not known says why.
import { useContext } from "react";
import { Link } from "@tanstack/react-router";
import { CircleHelp, Globe } from "lucide-react";
import type { WorkloadKind } from "../../../src/model/identity.ts";
import { carried } from "../app/use-url-state.ts";
import { InGrid } from "./in-grid.ts";
import { hasPage, workloadSubtitle } from "./workload-text.ts";

export interface WorkloadNameProps {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: WorkloadKind;
  readonly name: string;
  /** Shown when there is no name: a domain or an address. */
  readonly fallback?: string;
  /** Why the identity is not known. */
  readonly reason?: string;
}

export function WorkloadName({ cluster, namespace, kind, name, fallback = "", reason = "" }: WorkloadNameProps) {
  const isInGrid = useContext(InGrid);
  if (hasPage(kind, namespace, name))
    return (
      <span className="workload-name" title={workloadSubtitle({ kind, namespace, cluster })}>
        <Link
          to="/workloads/$cluster/$namespace/$kind/$name"
          params={{ cluster, namespace, kind, name }}
          search={carried}
          tabIndex={isInGrid ? -1 : undefined}
          onClick={(event) => event.stopPropagation()}
        >
          {name}
        </Link>
        <span className="workload-ns">{namespace === name ? "" : namespace}</span>
      </span>
    );
  const outside = kind === "External";
  const Icon = outside ? Globe : CircleHelp;
  const because = reason === "" ? "" : `unknown, because ${reason}`;
  const title = because || (outside ? "Outside of what Garrison watches" : "Not known");
  return (
    <span className="workload-name workload-other" title={title}>
      <Icon aria-hidden="true" />
      <span>{name || fallback || "unknown"}</span>
      {outside ? null : <span className="workload-ns">{reason}</span>}
    </span>
  );
}
