// The graph as cards (React Flow): up to 800 vertices. Memoised nodes, no animation; the keyboard walks it with one tab stop.
import "@xyflow/react/dist/base.css";
import "../styles/graph.css";
import {
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
  useStoreApi,
  type EdgeTypes,
  type NodeTypes,
} from "@xyflow/react";
import { LayoutGrid, Maximize2, Minus, Plus } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { IconButton } from "../kit/icon-button.tsx";
import { Notice } from "../kit/states.tsx";
import { elementId, type CanvasProps } from "./canvas-props.ts";
import { EdgeMass, isQuiet } from "./edge-mass.tsx";
import { EdgeLine, type LineEdge } from "./edge-line.tsx";
import { edgesOf, nodesOf, type AnyNode } from "./flow-items.ts";
import { layeredPlaces } from "./layout.ts";
import { cardSize, type Places, type ShownEdge } from "./shape.ts";
import { usePlaces } from "./use-places.ts";
import { GroupBox, VertexCard } from "./vertex-card.tsx";
import { useCanvasKeys } from "./use-canvas-keys.ts";
import { walk } from "./walk.ts";

const nodeTypes = { card: VertexCard, box: GroupBox } as NodeTypes;
const edgeTypes = { line: EdgeLine } as EdgeTypes;
const zoomMin = 0.08;
const zoomMax = 1.6;
/** A small graph is not blown up to fill the screen. */
const fitOptions = { padding: 0.08, maxZoom: 1, duration: 0 } as const;
/** Below it small print cannot be read: cards show their name only, larger. */
const farZoom = 0.35;
/** Beyond this many, healthy lines step back and are drawn as one (edge-mass.tsx), so that the others are seen. */
const denseEdges = 250;
/** Below this many nodes, drawing all is cheaper than mounting them while panning (measured with test/bench/console-graph). */
const drawAllMax = 900;

/** The canvas is moved and zoomed; what stands on it is not, and its keys are our own. */
const still = {
  nodesDraggable: false,
  nodesConnectable: false,
  nodesFocusable: false,
  edgesFocusable: false,
  elementsSelectable: false,
  disableKeyboardA11y: true,
  zoomOnDoubleClick: false,
  deleteKeyCode: null,
  selectionKeyCode: null,
  multiSelectionKeyCode: null,
  panActivationKeyCode: null,
  minZoom: zoomMin,
  maxZoom: zoomMax,
  proOptions: { hideAttribution: true },
} as const;

export function CardsCanvas(props: CanvasProps) {
  return (
    <ReactFlowProvider>
      <Cards {...props} />
    </ReactFlowProvider>
  );
}

/** A hit of the search becomes the active vertex and comes into view. */
function useFoundHit(foundAt: string, setActive: (id: string) => void, bringIntoView: (id: string) => void): void {
  useEffect(() => {
    if (foundAt === "") return;
    setActive(foundAt);
    bringIntoView(foundAt);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once per hit
  }, [foundAt]);
}

function vertexAt(graph: CanvasProps["graph"], id: string) {
  return graph.vertices.find(({ vertex }) => vertex.id === id)?.vertex;
}

/** Where the keyboard begins: at what is picked, else at the left. */
function firstActive(places: Parameters<typeof walk>[0], picked: string): string {
  return picked !== "" && places.has(picked) ? picked : (walk(places, undefined, "right", new Map()) ?? "");
}

/** Edges with a line of their own, and those that are drawn together when there are many. */
function useLines(props: CanvasProps) {
  const { graph, picked } = props;
  const isDense = graph.edges.length > denseEdges;
  const quiet = useMemo(
    () => (isDense ? graph.edges.filter((each) => isQuiet(each) && !isAt(each, picked)) : []),
    [graph, picked, isDense],
  );
  const edges = useMemo(
    () =>
      edgesOf(
        isDense
          ? { ...props, graph: { ...graph, edges: graph.edges.filter((each) => !isQuiet(each) || isAt(each, picked)) } }
          : props,
      ),
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- as above
    [graph, picked, props.seconds],
  );
  return { isDense, quiet, edges };
}

function CanvasTools({ onTidy }: { readonly onTidy: () => void }) {
  const flow = useReactFlow();
  return (
    <div className="canvas-tools">
      <IconButton label="Zoom in" onClick={() => void flow.zoomIn()}>
        <Plus />
      </IconButton>
      <IconButton label="Zoom out" onClick={() => void flow.zoomOut()}>
        <Minus />
      </IconButton>
      <IconButton label="Fit all into view" onClick={() => void flow.fitView(fitOptions)}>
        <Maximize2 />
      </IconButton>
      <IconButton label="Arrange anew" onClick={onTidy}>
        <LayoutGrid />
      </IconButton>
    </div>
  );
}

function Cards(props: CanvasProps) {
  const { graph, picked } = props;
  const placing = usePlaces(graph, props.subject, layeredPlaces);
  const { places } = placing;
  const [active, setActive] = useState("");
  const [hovered, setHovered] = useState("");
  const known = useRef(new Map<string, AnyNode>());
  const nodes = useMemo(
    () => nodesOf({ ...props, places, active, known: known.current }),
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- handlers are new at each render and draw nothing
    [graph, places, active, picked, props.found, props.seconds],
  );
  const isFar = useStore(({ transform }) => transform[2] < farZoom);
  const { isDense, quiet, edges } = useLines(props);
  useFit(placing.subject, places);
  const bringIntoView = useBringIntoView(places);
  useFoundHit(props.foundAt, setActive, bringIntoView);
  const activeShown = graph.vertices.find(({ vertex }) => vertex.id === active);
  const onKeyDown = useCanvasKeys({ ...props, places, active, setActive, bringIntoView });
  const hoveredEdge = hovered === "" ? undefined : graph.edges.find(({ edge }) => edge.id === hovered);
  return (
    <div className="canvas" data-laying-out={placing.state === "laying-out"} data-dense={isDense} data-far={isFar}>
      {placing.state === "failed" ? (
        <Notice tone="warning">The layout did not work in this browser: vertices stand in rows, as they came.</Notice>
      ) : null}
      <ReactFlow<AnyNode, LineEdge>
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        tabIndex={0}
        aria-label="Service graph: arrow keys move, Space shows details, Enter dives in, Escape goes back, slash finds"
        aria-activedescendant={activeShown === undefined ? undefined : elementId(active)}
        onKeyDown={onKeyDown}
        onFocus={() => {
          if (active === "") setActive(firstActive(places, picked));
        }}
        {...still}
        onlyRenderVisibleElements={nodes.length > drawAllMax}
        onNodeClick={(_, { id, type }) => {
          if (type !== "card") return;
          setActive(id);
          props.onPick(id);
        }}
        onNodeDoubleClick={(_, { id }) => {
          const vertex = vertexAt(graph, id);
          if (vertex !== undefined) props.onDive(vertex);
        }}
        onNodeContextMenu={(event, { id }) => {
          const vertex = vertexAt(graph, id);
          if (vertex === undefined) return;
          event.preventDefault();
          props.onMenu(vertex, { x: event.clientX, y: event.clientY });
        }}
        onEdgeClick={(_, { id }) => props.onPick(id)}
        onEdgeMouseEnter={(_, { id }) => setHovered(id)}
        onEdgeMouseLeave={() => setHovered("")}
        onPaneClick={() => props.onPick("")}
      >
        <CanvasTools onTidy={placing.tidy} />
        {quiet.length === 0 ? null : <EdgeMass edges={quiet} places={places} />}
        {places.size === 0 ? <Arranging count={graph.vertices.length} /> : null}
        {hoveredEdge === undefined ? null : <p className="canvas-hover">{props.edgeLabelOf(hoveredEdge)}</p>}
      </ReactFlow>
      <p className="visually-hidden" aria-live="polite">
        {activeShown === undefined ? "" : props.labelOf(activeShown.vertex)}
      </p>
    </div>
  );
}

/** What is chosen, or one end of which is, is drawn on its own. */
function isAt({ edge }: ShownEdge, picked: string): boolean {
  return picked !== "" && (edge.id === picked || edge.source === picked || edge.destination === picked);
}

/** The worker takes its time with large graphs: never an empty picture. */
function Arranging({ count }: { readonly count: number }) {
  return (
    <p className="canvas-arranging" role="status">
      Arranging {count} vertices
    </p>
  );
}

/** Fits once for each layout subject; afterwards the viewport is the reader's. */
function useFit(subject: string, places: Places): void {
  const flow = useReactFlow();
  const fitted = useRef("");
  useEffect(() => {
    if (subject === "" || fitted.current === subject || places.size === 0) return undefined;
    fitted.current = subject;
    const frame = requestAnimationFrame(() => void flow.fitView(fitOptions));
    return () => cancelAnimationFrame(frame);
  }, [flow, subject, places]);
}

/** Moves the viewport only when the vertex is not whole in it. */
function useBringIntoView(places: Places): (id: string) => void {
  const flow = useReactFlow();
  const store = useStoreApi();
  return (id) => {
    const place = places.get(id);
    if (place === undefined) return;
    const { width, height } = store.getState();
    const { zoom } = flow.getViewport();
    const corner = flow.flowToScreenPosition(place);
    const bounds = store.getState().domNode?.getBoundingClientRect();
    const [x, y] = [corner.x - (bounds?.left ?? 0), corner.y - (bounds?.top ?? 0)];
    const isInside = x >= 0 && y >= 0 && x + cardSize.width * zoom <= width && y + cardSize.height * zoom <= height;
    if (isInside && zoom > 0.35) return;
    const center = { x: place.x + cardSize.width / 2, y: place.y + cardSize.height / 2 };
    void flow.setCenter(center.x, center.y, { zoom: Math.max(zoom, 0.6), duration: 0 });
  };
}
