// The agents: how far behind, what was dropped, what each can and cannot see, with the reason.
import { CircleAlert, CircleCheck, CircleX, Radar } from "lucide-react";
import { useState, type ReactNode } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import type { Node } from "../../../../src/model/node.ts";
import { apiClient, queryClient } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { Age } from "../../kit/age.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { formatBytes, formatCount, formatDateTime, formatDuration } from "../../kit/format.ts";
import { StateWord } from "../../kit/state-word.tsx";
import { State } from "../../kit/states.tsx";
import { dropsOf } from "./drops.ts";

const tones = {
  connected: { tone: "good", icon: CircleCheck },
  stale: { tone: "warning", icon: CircleAlert },
  gone: { tone: "bad", icon: CircleX },
  revoked: { tone: "bad", icon: CircleX },
} as const;

export function Agents({ nodes }: { readonly nodes: readonly Node[] }) {
  return (
    <section className="card" aria-labelledby="agents-title">
      <h2 id="agents-title">Agents</h2>
      {nodes.length === 0 ? (
        <State
          icon={<Radar />}
          title="No agent is connected: nothing is observed"
          hint="Make a join token below and start an agent with it. On this machine npm start does that by itself where it may."
        />
      ) : null}
      {nodes.map((node) => (
        <Agent key={`${node.cluster}/${node.name}`} node={node} />
      ))}
    </section>
  );
}

function Agent({ node }: { readonly node: Node }) {
  const drops = dropsOf(node.counters);
  const { counters } = node;
  return (
    <article className="agent">
      <header>
        <h3>
          {node.name} <small>on {node.cluster}</small>
        </h3>
        <StateWord {...tones[node.state]} word={node.state} />
        <StateWord
          tone={node.fidelity === "kernel" ? "good" : "warning"}
          icon={node.fidelity === "kernel" ? CircleCheck : CircleAlert}
          word={`fidelity: ${node.fidelity}`}
          because={node.fidelityBecause}
        />
        <span className="spacer" />
        <Revoke node={node} />
      </header>
      <dl className="facts">
        <Fact name="Last seen">
          <Age time={node.lastSeenAt} />
        </Fact>
        <Fact name="Lag">{formatDuration(node.lagMs)}</Fact>
        <Fact name="Rows acknowledged">{formatCount(counters.rowsAcknowledged)}</Fact>
        <Fact name="Lost" whole>
          {drops.total === 0 ? "nothing" : <b className="outcome-bad">{drops.text}</b>}
        </Fact>
        <Fact name="Waiting on disk">
          {counters.spoolFiles} files, {formatBytes(counters.spoolBytes)}
        </Fact>
        <Fact name="Redactions">{formatCount(counters.redactions)}</Fact>
        <Fact name="Identities unknown">{formatCount(counters.identitiesUnknown)}</Fact>
        <Fact name="Memory">{formatBytes(counters.residentBytes)}</Fact>
        <Fact name="CPU time">{formatDuration(counters.cpuMs)}</Fact>
        <Fact name="Agent">{node.agentVersion}</Fact>
        <Fact name="Kernel">{node.kernel || "–"}</Fact>
        <Fact name="System">
          {[node.operatingSystem, node.architecture].filter((text) => text !== "").join(", ") || "–"}
        </Fact>
        <Fact name="Certificate ends">{formatDateTime(node.certificateExpiresAt).slice(0, 16)}</Fact>
      </dl>
      <p className="capabilities">
        <b>Sees:</b> {listOf(node.capabilities.filter(({ available }) => available).map(({ name }) => name))}
      </p>
      <ul className="capabilities" aria-label="What this agent cannot see">
        {node.capabilities
          .filter(({ available }) => !available)
          .map(({ name, because }) => (
            <li key={name}>
              <CircleX aria-hidden="true" />
              <span>
                <b>Does not see {name}:</b> {because || "no reason was given"}
              </span>
            </li>
          ))}
      </ul>
    </article>
  );
}

function Revoke({ node }: { readonly node: Node }) {
  const [asking, setAsking] = useState(false);
  const session = useSession();
  if (session.data?.role !== "admin" || node.state === "revoked") return null;
  return (
    <>
      <button type="button" className="button" aria-label={`Revoke ${node.name}`} onClick={() => setAsking(true)}>
        Revoke
      </button>
      {asking ? (
        <Confirm
          title={`Revoke the agent on ${node.name}?`}
          act="Revoke the agent"
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            await call(apiClient, "revokeAgent", { params: { cluster: node.cluster, node: node.name } });
            await queryClient.invalidateQueries({ queryKey: ["status"] });
          }}
        >
          <p>
            Its certificate stops being valid at once and its connection is cut: <b>{node.name}</b> on{" "}
            <b>{node.cluster}</b> is not observed from then on. What it sent before stays; the ledger keeps who revoked
            it.
          </p>
          <p>To come back it must join again with a new join token.</p>
        </Confirm>
      ) : null}
    </>
  );
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? "nothing" : names.join(", ");
}

interface FactProps {
  readonly name: string;
  /** Never cut: on more lines where there is little room. */
  readonly whole?: true;
  readonly children: ReactNode;
}

function Fact({ name, whole, children }: FactProps) {
  return (
    <div className={whole === true ? "fact-whole" : undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
