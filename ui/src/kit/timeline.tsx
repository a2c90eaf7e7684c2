// Counts over time: denied at the foot, unknown above, allowed on top; gaps hatched; dragging chooses a window.
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Gap } from "../../../src/model/gap.ts";
import { useScheme } from "../app/use-scheme.ts";
import { formatCount, formatClock } from "./format.ts";
import { gapSpans, keptText, stack, totalsOf, type TimelinePoint } from "./timeline-data.ts";

export interface TimelineProps {
  readonly label: string;
  readonly points: readonly TimelinePoint[];
  readonly stepMs: number;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly gaps: readonly Gap[];
  /** Nothing older was kept; undefined when the whole window was. */
  readonly keptSinceMs?: number | undefined;
  readonly heightPx?: number;
  readonly onZoom: (sinceMs: number, untilMs: number) => void;
}

const zoomPixelsMin = 6;

export function Timeline(props: TimelineProps) {
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  const [hover, setHover] = useState<number | undefined>(undefined);
  const scheme = useScheme();
  useEffect(() => {
    latest.current = props;
  });
  const chart = useRef<uPlot | undefined>(undefined);
  const heightPx = props.heightPx ?? 96;
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const made = new uPlot(
      optionsOf({ element, heightPx, latest, onHover: setHover }),
      stack(latest.current.points),
      element,
    );
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = undefined;
    };
  }, [scheme, heightPx]);
  useEffect(() => {
    chart.current?.setData(stack(props.points));
  }, [props.points, props.sinceMs, props.untilMs]);
  const totals = totalsOf(props.points);
  const point = hover === undefined ? undefined : props.points[hover];
  const kept = props.keptSinceMs === undefined ? "" : `, ${keptText(props.keptSinceMs, Date.now()).toLowerCase()}`;
  return (
    <figure className="timeline" style={{ minHeight: heightPx + 18 }}>
      <figcaption>
        <Readout point={point} totals={totals} gaps={props.gaps.length} keptSinceMs={props.keptSinceMs} />
      </figcaption>
      <div
        ref={host}
        role="img"
        aria-label={`${props.label}: ${formatCount(totals.allow)} allowed, ${formatCount(totals.deny)} denied, ${formatCount(totals.unknown)} unknown, ${props.gaps.length} gaps${kept}. Drag to choose a window; the time range button does the same by keyboard.`}
      />
    </figure>
  );
}

interface ReadoutProps {
  readonly point: TimelinePoint | undefined;
  readonly totals: ReturnType<typeof totalsOf>;
  readonly gaps: number;
  readonly keptSinceMs: number | undefined;
}

function Readout({ point, totals, gaps, keptSinceMs }: ReadoutProps) {
  const shown = point ?? totals;
  return (
    <>
      <span className="readout-time">
        {point === undefined ? "In this window" : formatClock(point.time).slice(0, 8)}
      </span>
      <span className="key key-allow">{formatCount(shown.allow)} allow</span>
      <span className="key key-deny">{formatCount(shown.deny)} deny</span>
      <span className="key key-unknown">{formatCount(shown.unknown)} unknown</span>
      {gaps > 0 && point === undefined ? <span className="key key-gap">gap: data missing</span> : null}
      {keptSinceMs !== undefined && point === undefined ? (
        <span className="key key-kept">{keptText(keptSinceMs, Date.now()).toLowerCase()}</span>
      ) : null}
    </>
  );
}

interface ChartParts {
  readonly element: HTMLElement;
  readonly heightPx: number;
  readonly latest: { readonly current: TimelineProps };
  readonly onHover: (index: number | undefined) => void;
}

function optionsOf({ element, heightPx, latest, onHover }: ChartParts): uPlot.Options {
  const token = (name: string): string => getComputedStyle(element).getPropertyValue(name).trim();
  const bars = uPlot.paths.bars?.({ size: [0.86, 24], align: 1 });
  const series = (name: string): uPlot.Series => ({
    fill: token(name),
    width: 0,
    points: { show: false },
    ...(bars === undefined ? {} : { paths: bars }),
  });
  const axis = {
    stroke: token("--text-3"),
    font: `11px ${token("--font")}`,
    grid: { stroke: token("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(element.clientWidth, 100),
    height: heightPx,
    padding: [6, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    scales: {
      x: { time: true, range: () => [latest.current.sinceMs / 1000, latest.current.untilMs / 1000] },
      y: { range: (_, __, max) => [0, Math.max(1, (max ?? 1) * 1.08)] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 20, gap: 2, values: (_, ticks) => ticks.map(tickLabel) },
      { ...axis, size: 44, gap: 4, splits: (_, __, ___, max) => [0, Math.round(max / 2)], values: countTicks },
    ],
    series: [{}, series("--chart-allow"), series("--chart-unknown"), series("--chart-deny")],
    hooks: {
      drawClear: [
        (plot) => drawUnkept(plot, latest.current.keptSinceMs, token("--surface-2"), token("--line-strong")),
        (plot) => drawGaps(plot, gapSpans(latest.current.gaps), token("--gap-line")),
      ],
      setCursor: [(plot) => onHover(plot.cursor.idx ?? undefined)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < zoomPixelsMin) return;
          const [from, to] = [plot.posToVal(left, "x") * 1000, plot.posToVal(left + width, "x") * 1000];
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onZoom(from, to);
        },
      ],
    },
  };
}

function tickLabel(seconds: number): string {
  const date = new Date(seconds * 1000);
  const clock = formatClock(date.toISOString());
  if (clock.startsWith("00:00:00")) return date.toLocaleDateString("en", { month: "short", day: "numeric" });
  return clock.slice(0, date.getSeconds() === 0 ? 5 : 8);
}

function countTicks(_: uPlot, ticks: number[]): string[] {
  return ticks.map((tick) => (tick >= 10_000 ? `${Math.round(tick / 1000)}k` : formatCount(tick)));
}

/** A plain block up to where the kept data begins: a flat floor with an edge, where a gap is hatched. */
// oxlint-disable-next-line eslint/max-params -- the plot, the place, two colours
function drawUnkept(plot: uPlot, sinceMs: number | undefined, fill: string, edge: string): void {
  if (sinceMs === undefined) return;
  const { ctx, bbox } = plot;
  const right = Math.min(bbox.left + bbox.width, plot.valToPos(sinceMs / 1000, "x", true));
  if (right <= bbox.left) return;
  ctx.save();
  ctx.fillStyle = fill;
  ctx.fillRect(bbox.left, bbox.top, right - bbox.left, bbox.height);
  ctx.strokeStyle = edge;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(right, bbox.top);
  ctx.lineTo(right, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

/** Diagonal lines over the times in which data is known to be missing. */
function drawGaps(plot: uPlot, spans: readonly (readonly [number, number])[], colour: string): void {
  const { ctx, bbox } = plot;
  const spacing = 6 * devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  for (const [since, until] of spans) {
    const left = Math.max(bbox.left, plot.valToPos(since / 1000, "x", true));
    const right = Math.min(bbox.left + bbox.width, Math.max(left + spacing, plot.valToPos(until / 1000, "x", true)));
    if (right <= left) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, right - left, bbox.height);
    ctx.clip();
    ctx.beginPath();
    for (let x = left - bbox.height; x < right; x += spacing) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.restore();
  }
  ctx.restore();
}
