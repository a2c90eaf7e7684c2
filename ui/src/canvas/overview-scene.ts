// What an overview draws, whichever renderer does it; and the theme's colours for canvases, which know no CSS.
import type { Health, Vertex } from "../../../src/model/graph.ts";

export interface OverviewPoint {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  /** Radius in pixels. */
  readonly size: number;
  readonly vertex: Vertex;
  readonly isDim: boolean;
}

export interface OverviewScene {
  readonly points: readonly OverviewPoint[];
  /** Names of boxes, in the middle of their members. */
  readonly names: readonly { readonly label: string; readonly x: number; readonly y: number }[];
  readonly lines: readonly {
    readonly source: string;
    readonly target: string;
    readonly health: Health["state"];
    readonly isDim: boolean;
  }[];
}

export interface OverviewProps {
  readonly scene: OverviewScene;
  readonly picked: string;
  readonly active: string;
  readonly found: ReadonlySet<string>;
  readonly onPick: (id: string) => void;
  readonly onDive: (id: string) => void;
}

const tokens = { ok: "--accent", degraded: "--warning", failing: "--bad", unknown: "--text-3" } as const;

export interface Palette {
  readonly health: Readonly<Record<Health["state"], string>>;
  readonly line: string;
  readonly dim: string;
  readonly text: string;
  readonly mark: string;
}

/** The colours of the theme that is on now. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  return {
    health: {
      ok: colour(tokens.ok),
      degraded: colour(tokens.degraded),
      failing: colour(tokens.failing),
      unknown: colour(tokens.unknown),
    },
    line: colour("--line-strong"),
    dim: colour("--line"),
    text: colour("--text-1"),
    mark: colour("--special"),
  };
}

/** Draws the names of boxes; `at` turns a place of the graph into pixels. */
export function paintNames(
  context: CanvasRenderingContext2D,
  names: OverviewScene["names"],
  at: (place: { readonly x: number; readonly y: number }) => readonly [number, number],
): void {
  const style = getComputedStyle(document.documentElement);
  context.font = `600 12px ${style.getPropertyValue("--font")}`;
  context.textAlign = "center";
  context.lineWidth = 4;
  context.lineJoin = "round";
  for (const { label, ...place } of names) {
    const [x, y] = at(place);
    context.strokeStyle = style.getPropertyValue("--surface-0");
    context.strokeText(label, x, y);
    context.fillStyle = style.getPropertyValue("--text-1");
    context.fillText(label, x, y);
  }
  context.textAlign = "start";
}

export function pointColour(
  point: OverviewPoint,
  { picked, active, found }: Pick<OverviewProps, "picked" | "active" | "found">,
  palette: Palette,
): string {
  if (point.id === picked || point.id === active || found.has(point.id)) return palette.mark;
  return point.isDim ? palette.dim : palette.health[point.vertex.health.state];
}
