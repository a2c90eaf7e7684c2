// A workload's rights, layer by layer: what its manifest declares, what the kernel has in force, what it was seen to use; findings where they differ.
import { Layers } from "lucide-react";
import { useState } from "react";
import type { WorkloadKind } from "../../../../src/model/identity.ts";
import { useCall, type CallSettings } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { useKeys } from "../../app/use-keys.ts";
import { Age } from "../../kit/age.tsx";
import { CopyText } from "../../kit/copy.tsx";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { shortImage, titleOf } from "../../kit/format.ts";
import { Loading, State, TroubleState } from "../../kit/states.tsx";
import { PartNotices } from "../../kit/window-notices.tsx";
import { LayerTable } from "./layer-table.tsx";
import { ProfilePane } from "./profile-pane.tsx";
import {
  layerVerdictWords,
  levelWords,
  lookText,
  noLayersText,
  verdictCounts,
  type ContainerLayers,
  type Learnt,
} from "./layer-words.ts";
import "../../styles/layers.css";

export interface LayersQuestion {
  readonly params: {
    readonly cluster: string;
    readonly namespace: string;
    readonly kind: WorkloadKind;
    readonly name: string;
  };
  readonly query: { readonly since: string; readonly until?: string };
  readonly settings: CallSettings;
}

export function LayersTab({ question: { params, query, settings } }: { readonly question: LayersQuestion }) {
  const answer = useCall("workloadPosture", { params, query }, settings);
  const learnt = useCall("workloadLearnt", { params, query }, settings);
  const [container, setContainer] = useState("");
  const [isWriting, setWriting] = useState(false);
  useKeys({ Escape: () => setWriting(false) });
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Loading the layers" rows={8} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const { containers, omitted, window } = answer.data;
  const shown = containers.find((each) => each.container === container) ?? containers[0];
  if (shown === undefined)
    return (
      <>
        <PartNotices window={window} omitted={omitted} />
        <NoLayers kind={params.kind} name={params.name} />
      </>
    );
  return (
    <div className="layers">
      <PartNotices window={window} omitted={omitted} />
      {containers.length < 2 ? null : (
        <div className="layers-choice" role="group" aria-label="Container">
          {containers.map((each) => (
            <button
              key={each.container}
              type="button"
              className="button"
              aria-pressed={each === shown}
              onClick={() => setContainer(each.container)}
            >
              {each.container || "main"}
            </button>
          ))}
        </div>
      )}
      <div className="live-panes">
        <div className="layers-body">
          <Summary shown={shown} learnt={learntOf(learnt.data?.containers, shown)} onWrite={() => setWriting(true)} />
          <Findings shown={shown} />
          <LayerTable layers={shown.layers} />
        </div>
        {isWriting ? (
          <DetailsPane title="Least-privilege profile" onClose={() => setWriting(false)}>
            <ProfilePane params={params} query={query} container={shown.container} />
          </DetailsPane>
        ) : null}
      </div>
    </div>
  );
}

function NoLayers({ kind, name }: { readonly kind: WorkloadKind; readonly name: string }) {
  const { title, hint, command } = noLayersText(kind, name);
  return (
    <State icon={<Layers />} title={title} hint={hint}>
      {command === "" ? undefined : <CopyText text={command} />}
    </State>
  );
}

function learntOf(all: readonly Learnt[] | undefined, { container, imageDigest }: ContainerLayers): Learnt | undefined {
  const own = all?.filter((each) => each.container === container);
  return own?.find((each) => each.imageDigest === imageDigest) ?? own?.[0];
}

interface SummaryProps {
  readonly shown: ContainerLayers;
  readonly learnt: Learnt | undefined;
  readonly onWrite: () => void;
}

function Summary({ shown, learnt, onWrite }: SummaryProps) {
  const { levelDeclared, levelEffective, confidence } = shown;
  const isWeaker = levelEffective.level !== "unknown" && levelDeclared.level !== levelEffective.level;
  return (
    <header className="layers-head">
      <dl className="facts">
        <div>
          <dt>Pod Security</dt>
          <dd>
            <span title={violationsText(levelDeclared)}>{levelWords[levelDeclared.level]} declared</span>,{" "}
            <span
              className={isWeaker ? "layer-verdict" : undefined}
              data-verdict={isWeaker ? "differs" : undefined}
              title={violationsText(levelEffective)}
            >
              {levelWords[levelEffective.level]} live
            </span>
          </dd>
        </div>
        <div>
          <dt>Layers</dt>
          <dd>
            {verdictCounts(shown.layers)
              .map(([verdict, count]) => `${count} ${layerVerdictWords[verdict].toLowerCase()}`)
              .join(", ")}
          </dd>
        </div>
        <div>
          <dt>Image</dt>
          <dd title={`${shown.image} ${shown.imageDigest}`}>
            {shown.image === "" ? <span className="none">none</span> : shortImage(shown.image)}
          </dd>
        </div>
        <div>
          <dt>Looked at</dt>
          <dd title={shown.replicasOther.length === 0 ? undefined : `Others differ: ${shown.replicasOther.join(", ")}`}>
            {lookText(shown)}
            {shown.at === undefined ? null : (
              <>
                , <Age time={shown.at} />
              </>
            )}
            {shown.replicasOther.length === 0 ? null : (
              <span className="layer-verdict" data-verdict="differs">
                {" "}
                {shown.replicasOther.length} differ
              </span>
            )}
          </dd>
        </div>
        <div>
          <dt>Learnt</dt>
          <dd title={confidence.because.join("\n") || undefined}>
            {confidence.level === "none" ? (
              <span className="none">nothing yet</span>
            ) : (
              `${learnt === undefined ? "" : `${learnt.systemCalls.length} system calls, ${learnt.capabilities.length} capabilities, ${learnt.executables.length} programs; `}confidence ${confidence.level}`
            )}
          </dd>
        </div>
      </dl>
      <button type="button" className="button" onClick={onWrite}>
        Write a profile…
      </button>
    </header>
  );
}

function violationsText({ violations, unknown }: ContainerLayers["levelDeclared"]): string | undefined {
  const lines = [
    ...violations.map(({ control, detail, level }) => `not ${level}: ${control}, ${detail}`),
    ...unknown.map(({ control, because }) => `not known: ${control}, ${because}`),
  ];
  return lines.length === 0 ? undefined : lines.join("\n");
}

/** Where the declaration does not hold. */
function Findings({ shown }: { readonly shown: ContainerLayers }) {
  if (shown.differences.length === 0) return null;
  return (
    <ul className="layer-findings" aria-label="Declared and effective differ">
      {shown.differences.map(({ rule, severity, title, evidence }) => (
        <li key={rule} data-severity={severity}>
          <b>{titleOf(severity)}</b>
          <span>
            {title}
            {evidence.length === 0 ? null : <span className="none"> {evidence.join("; ")}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
