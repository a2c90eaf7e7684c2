// The overview without WebGL: points and lines on a plain canvas, dragged and zoomed, painted only when something changed.
import { useEffect, useRef, type PointerEvent } from "react";
import { useScheme } from "../app/use-scheme.ts";
import { paintNames, pointColour, readPalette, type OverviewPoint, type OverviewProps } from "./overview-scene.ts";

interface Camera {
  x: number;
  y: number;
  zoom: number;
}

const zoomMin = 0.02;
const zoomMax = 8;
const hitPx = 6;
const dragPx = 4;

export function FlatView(props: OverviewProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const camera = useRef<Camera | undefined>(undefined);
  const drag = useRef<{ x: number; y: number; moved: boolean } | undefined>(undefined);
  const scheme = useScheme();
  const { scene } = props;
  const draw = (): void => {
    const element = canvas.current;
    if (element === null) return;
    camera.current ??= fitted(scene.points, element);
    paint(element, camera.current, props);
  };
  useEffect(draw, [draw, scheme]);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      if (camera.current === undefined) return;
      const { zoom } = camera.current;
      const next = Math.min(zoomMax, Math.max(zoomMin, zoom * Math.exp(-event.deltaY / 400)));
      const rect = element.getBoundingClientRect();
      const [px, py] = [event.clientX - rect.left - rect.width / 2, event.clientY - rect.top - rect.height / 2];
      camera.current.x += px / zoom - px / next;
      camera.current.y += py / zoom - py / next;
      camera.current.zoom = next;
      draw();
    };
    // React's own wheel listeners are passive: the page would scroll too.
    element.addEventListener("wheel", onWheel, { passive: false });
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    return () => {
      element.removeEventListener("wheel", onWheel);
      observer.disconnect();
    };
  });
  const hit = (event: { readonly clientX: number; readonly clientY: number }): OverviewPoint | undefined => {
    const element = canvas.current;
    if (element === null || camera.current === undefined) return undefined;
    return pointAt(scene.points, camera.current, element, event);
  };
  return (
    <canvas
      ref={canvas}
      className="overview-surface"
      onPointerDown={(event: PointerEvent) => (drag.current = { x: event.clientX, y: event.clientY, moved: false })}
      onPointerMove={(event: PointerEvent) => {
        const from = drag.current;
        if (from === undefined || camera.current === undefined || event.buttons === 0) return;
        if (!from.moved && Math.hypot(event.clientX - from.x, event.clientY - from.y) < dragPx) return;
        camera.current.x -= (event.clientX - from.x) / camera.current.zoom;
        camera.current.y -= (event.clientY - from.y) / camera.current.zoom;
        drag.current = { x: event.clientX, y: event.clientY, moved: true };
        draw();
      }}
      onClick={(event) => {
        if (drag.current?.moved !== true) props.onPick(hit(event)?.id ?? "");
      }}
      onDoubleClick={(event) => {
        const point = hit(event);
        if (point !== undefined) props.onDive(point.id);
      }}
    />
  );
}

function fitted(points: readonly OverviewPoint[], { clientWidth, clientHeight }: HTMLElement): Camera {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y } of points) {
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  const zoom = Math.min(clientWidth / (right - left + 1), clientHeight / (bottom - top + 1)) * 0.92;
  return { x: (left + right) / 2, y: (top + bottom) / 2, zoom: Math.min(zoomMax, Math.max(zoomMin, zoom)) };
}

function pointAt(
  points: readonly OverviewPoint[],
  camera: Camera,
  element: HTMLElement,
  at: { readonly clientX: number; readonly clientY: number },
): OverviewPoint | undefined {
  const rect = element.getBoundingClientRect();
  const x = (at.clientX - rect.left - rect.width / 2) / camera.zoom + camera.x;
  const y = (at.clientY - rect.top - rect.height / 2) / camera.zoom + camera.y;
  let best: OverviewPoint | undefined;
  let least = Infinity;
  for (const point of points) {
    const far = Math.hypot(point.x - x, point.y - y) * camera.zoom - point.size;
    if (far < least) [best, least] = [point, far];
  }
  return least <= hitPx ? best : undefined;
}

function paint(element: HTMLCanvasElement, camera: Camera, props: OverviewProps): void {
  const context = element.getContext("2d");
  if (context === null) return;
  const ratio = devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = element;
  if (element.width !== Math.round(width * ratio)) element.width = Math.round(width * ratio);
  if (element.height !== Math.round(height * ratio)) element.height = Math.round(height * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const palette = readPalette();
  const at = ({ x, y }: { readonly x: number; readonly y: number }): readonly [number, number] => [
    (x - camera.x) * camera.zoom + width / 2,
    (y - camera.y) * camera.zoom + height / 2,
  ];
  const places = new Map(props.scene.points.map((point) => [point.id, at(point)]));
  for (const { source, target, health, isDim } of props.scene.lines) {
    const [from, to] = [places.get(source), places.get(target)];
    if (from === undefined || to === undefined) continue;
    context.strokeStyle = isDim ? palette.dim : health === "failing" ? palette.health.failing : palette.line;
    context.lineWidth = health === "failing" ? 1.6 : 0.5;
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
  }
  context.font = `11px ${getComputedStyle(element).fontFamily}`;
  for (const point of props.scene.points) {
    const [x, y] = places.get(point.id) ?? [0, 0];
    const isMarked = point.id === props.picked || point.id === props.active;
    context.fillStyle = pointColour(point, props, palette);
    context.beginPath();
    context.arc(x, y, point.size + (isMarked ? 4 : 0), 0, 2 * Math.PI);
    context.fill();
    if (!isMarked && camera.zoom < 1.5) continue;
    context.fillStyle = palette.text;
    context.fillText(point.vertex.name, x + point.size + 4, y + 4);
  }
  paintNames(context, props.scene.names, at);
}
