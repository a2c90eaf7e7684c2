// What can be done with a vertex, at the pointer or under its button: a menu for mouse and keyboard.
import { useNavigate } from "@tanstack/react-router";
import { Activity, ArrowDownToLine, Boxes, Copy, Crosshair, EyeOff, ListTree, Waypoints } from "lucide-react";
import { useEffect, useRef, type ReactNode } from "react";
import type { Vertex } from "../../../../src/model/graph.ts";
import { carried, useUrlState } from "../../app/use-url-state.ts";
import { useCopy } from "../../kit/copy.tsx";
import { graphCommand } from "./graph-question.ts";
import { eventsFilter, flowsFilter } from "./selection-filter.ts";
import { pageOf, useActs } from "./use-acts.ts";

export interface MenuAt {
  readonly vertex: Vertex;
  /** Pixels of the window. */
  readonly x: number;
  readonly y: number;
}

interface Item {
  readonly title: string;
  readonly icon: ReactNode;
  readonly run: () => void;
  /** Why it cannot be done. */
  readonly disabledBecause?: string | undefined;
}

const menuSize = { width: 232, height: 268 } as const;

export function ActMenu({ at, onClose }: { readonly at: MenuAt; readonly onClose: () => void }) {
  const element = useRef<HTMLDivElement>(null);
  const items = useItems(at.vertex);
  useEffect(() => {
    const before = document.activeElement;
    element.current?.querySelector("button")?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const step = (by: number): void => {
    const buttons = [...(element.current?.querySelectorAll("button") ?? [])];
    const now = buttons.findIndex((each) => each === document.activeElement);
    buttons[(now + by + buttons.length) % buttons.length]?.focus();
  };
  const left = Math.max(8, Math.min(at.x, innerWidth - menuSize.width - 8));
  const top = Math.max(8, Math.min(at.y, innerHeight - menuSize.height - 8));
  return (
    <>
      <div className="dropdown-outside" onPointerDown={onClose} />
      <div
        ref={element}
        role="menu"
        aria-label={`Acts on ${at.vertex.name}`}
        className="act-menu"
        style={{ left, top }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event.key === "ArrowDown" ? 1 : -1);
          else if (event.key === "Escape" || event.key === "Tab") onClose();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      >
        {items.map(({ title, icon, run, disabledBecause }) => (
          <button
            key={title}
            type="button"
            role="menuitem"
            aria-disabled={disabledBecause !== undefined}
            title={disabledBecause}
            onClick={() => {
              if (disabledBecause !== undefined) return;
              run();
              onClose();
            }}
          >
            {icon}
            <span>
              {title}
              {disabledBecause === undefined ? null : <small>{disabledBecause}</small>}
            </span>
          </button>
        ))}
      </div>
    </>
  );
}

function useItems(vertex: Vertex): readonly Item[] {
  const [state] = useUrlState();
  const acts = useActs();
  const navigate = useNavigate();
  const [, copy] = useCopy();
  const flows = flowsFilter({ kind: "vertex", vertex });
  const events = eventsFilter(vertex);
  const hasInside = vertex.kind !== "external" && vertex.kind !== "unknown" && vertex.kind !== "endpoint";
  return [
    {
      title: vertex.kind === "more" ? "Open them" : "Dive in",
      icon: <ArrowDownToLine aria-hidden="true" />,
      run: () => acts.dive(vertex),
      disabledBecause: hasInside ? undefined : "Nothing is inside",
    },
    {
      title: "Open the workload",
      icon: <Boxes aria-hidden="true" />,
      run: () => acts.openPage(vertex),
      disabledBecause: pageOf(vertex) === undefined ? "It is not one workload" : undefined,
    },
    {
      title: "Show its flows",
      icon: <Waypoints aria-hidden="true" />,
      run: () => void navigate({ to: "/flows", search: (before) => ({ ...timeOf(carried(before)), q: flows }) }),
    },
    {
      title: "Show its events",
      icon: <ListTree aria-hidden="true" />,
      run: () => void navigate({ to: "/events", search: (before) => ({ ...timeOf(carried(before)), q: events }) }),
      disabledBecause: events === "" ? "None can be of it" : undefined,
    },
    state.near === vertex.id
      ? { title: "Show all again", icon: <Activity aria-hidden="true" />, run: () => acts.near(undefined) }
      : {
          title: "Only its neighbours",
          icon: <Crosshair aria-hidden="true" />,
          run: () => acts.near(vertex.id),
        },
    { title: "Hide it", icon: <EyeOff aria-hidden="true" />, run: () => acts.hide(vertex) },
    {
      title: "Copy as command",
      icon: <Copy aria-hidden="true" />,
      run: () => copy(graphCommand({ ...state, ns: undefined, cluster: undefined, q: flows })),
    },
  ];
}

/** The filter names the place already: the scope would say it twice. */
function timeOf<T extends { readonly range?: string | undefined }>({
  range,
}: T): { readonly range?: string | undefined } {
  return { range };
}
