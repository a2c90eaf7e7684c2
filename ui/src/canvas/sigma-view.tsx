// The overview in WebGL. Made anew when the structure changes; colours and selection only repaint.
import { DirectedGraph } from "graphology";
import { useEffect, useRef } from "react";
import { Sigma } from "sigma";
import { useScheme } from "../app/use-scheme.ts";
import { paintNames, pointColour, readPalette, type OverviewProps } from "./overview-scene.ts";

interface SigmaProps extends OverviewProps {
  /** WebGL is there but would not start. */
  readonly onRefused: () => void;
}

export function SigmaView(props: SigmaProps) {
  const element = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  const sigma = useRef<Sigma | undefined>(undefined);
  const scheme = useScheme();
  const { scene, picked, active, found } = props;
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    const container = element.current;
    if (container === null) return undefined;
    try {
      sigma.current = startSigma(container, latest);
    } catch {
      latest.current.onRefused();
      return undefined;
    }
    return () => {
      sigma.current?.kill();
      sigma.current = undefined;
    };
  }, [scene, scheme]);
  useEffect(() => {
    sigma.current?.refresh({ skipIndexation: true });
  }, [picked, active, found]);
  return <div className="overview-surface" ref={element} />;
}

function startSigma(container: HTMLElement, latest: { readonly current: OverviewProps }): Sigma {
  const palette = readPalette();
  const { scene } = latest.current;
  const graph = new DirectedGraph();
  for (const point of scene.points)
    graph.addNode(point.id, { x: point.x, y: -point.y, size: point.size, label: point.vertex.name, point });
  for (const { source, target, health, isDim } of scene.lines) {
    if (!graph.hasNode(source) || !graph.hasNode(target) || graph.hasDirectedEdge(source, target)) continue;
    const color = isDim ? palette.dim : health === "ok" || health === "unknown" ? palette.line : palette.health[health];
    graph.addDirectedEdge(source, target, { color, size: health === "failing" ? 1.6 : 0.6 });
  }
  const sigma = new Sigma(graph, container, {
    allowInvalidContainer: true,
    labelColor: { color: palette.text },
    labelFont: getComputedStyle(container).fontFamily,
    labelSize: 11,
    labelRenderedSizeThreshold: 9,
    zIndex: true,
    nodeReducer: (_, data) => {
      const { picked, active } = latest.current;
      const point = data["point"] as OverviewProps["scene"]["points"][number];
      const isMarked = point.id === picked || point.id === active;
      return {
        ...data,
        color: pointColour(point, latest.current, palette),
        size: isMarked ? point.size + 4 : point.size,
        forceLabel: isMarked,
        zIndex: isMarked ? 1 : 0,
      };
    },
  });
  // A canvas of our own above sigma's: the names of namespaces move with the camera.
  const overlay = sigma.createCanvas("names");
  overlay.style.pointerEvents = "none";
  sigma.on("afterRender", () => paintOverlay(sigma, overlay, scene.names));
  sigma.on("clickNode", ({ node }) => latest.current.onPick(node));
  sigma.on("doubleClickNode", ({ node, event }) => {
    event.preventSigmaDefault();
    latest.current.onDive(node);
  });
  sigma.on("clickStage", () => latest.current.onPick(""));
  return sigma;
}

function paintOverlay(sigma: Sigma, overlay: HTMLCanvasElement, names: OverviewProps["scene"]["names"]): void {
  const { width, height } = sigma.getDimensions();
  const context = overlay.getContext("2d");
  if (context === null) return;
  overlay.width = width * devicePixelRatio;
  overlay.height = height * devicePixelRatio;
  overlay.style.width = `${width}px`;
  overlay.style.height = `${height}px`;
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  paintNames(context, names, ({ x, y }) => {
    const at = sigma.graphToViewport({ x, y: -y });
    return [at.x, at.y];
  });
}
