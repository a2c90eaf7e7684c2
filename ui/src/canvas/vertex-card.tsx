// One vertex as a card: kind, name, health as colour, icon and word, and how busy it is. Renders only when its own data changed.
import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import {
  Box as BoxIcon,
  Boxes,
  CircleAlert,
  CircleCheck,
  CircleHelp,
  CircleX,
  Globe,
  Layers,
  Network,
  Plus,
  type LucideIcon,
} from "lucide-react";
import { memo } from "react";
import type { Health, Vertex } from "../../../src/model/graph.ts";
import { elementId, type CardData } from "./canvas-props.ts";
import { busiestOf, healthWords, rateText } from "./vertex-text.ts";
import type { Change } from "./shape.ts";

export type CardNode = Node<CardData, "card">;

export const vertexIcons: Readonly<Record<Vertex["kind"], LucideIcon>> = {
  namespace: Layers,
  service: Network,
  workload: Boxes,
  endpoint: BoxIcon,
  external: Globe,
  unknown: CircleHelp,
  more: Plus,
};

export const healthIcons: Readonly<Record<Health["state"], LucideIcon>> = {
  ok: CircleCheck,
  degraded: CircleAlert,
  failing: CircleX,
  unknown: CircleHelp,
};

export const changeWords: Readonly<Record<Change, string>> = {
  added: "+ new",
  removed: "− gone",
  changed: "≠ changed",
  same: "",
};

/** "more" says what it stands for; external things say where they are. */
function subtitle(vertex: Vertex): string {
  if (vertex.kind === "more")
    return vertex.endpoints === undefined ? "Open them" : `${vertex.endpoints} endpoints, open`;
  return "";
}

export const VertexCard = memo(function VertexCard({ data }: NodeProps<CardNode>) {
  const { vertex, change, isDim } = data.shown;
  const KindIcon = vertexIcons[vertex.kind];
  const HealthIcon = healthIcons[vertex.health.state];
  const note = subtitle(vertex);
  return (
    <div
      id={elementId(vertex.id)}
      className="vertex"
      role="group"
      aria-roledescription="vertex"
      aria-label={data.label}
      aria-current={data.isPicked}
      data-kind={vertex.kind}
      data-health={vertex.health.state}
      data-dim={isDim}
      data-active={data.isActive}
      data-found={data.isFound}
      data-change={change}
    >
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <span className="vertex-name">
        <KindIcon aria-hidden="true" />
        <b title={vertex.name}>{vertex.name}</b>
        {vertex.simulated ? <em>demo</em> : null}
      </span>
      <span className="vertex-state">
        {change === "same" ? (
          <i>
            <HealthIcon aria-hidden="true" />
            {healthWords[vertex.health.state]}
          </i>
        ) : (
          <i className="vertex-change">{changeWords[change]}</i>
        )}
        <span>{note === "" ? rateText(busiestOf(vertex), data.seconds) : note}</span>
      </span>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
});

export type BoxNode = Node<{ readonly label: string; readonly isOuter: boolean; readonly simulated: boolean }, "box">;

export const GroupBox = memo(function GroupBox({ data }: NodeProps<BoxNode>) {
  return (
    <div className="vertex-box" data-outer={data.isOuter}>
      <span>
        {data.isOuter ? <Layers aria-hidden="true" /> : null}
        {data.label}
        {data.simulated && data.isOuter ? <em>demo, simulated</em> : null}
      </span>
    </div>
  );
});
