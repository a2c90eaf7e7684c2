// Health: is Garrison itself well? Parts, agents, stores, gaps, access; what could not be done stands first, with its reason.
import type { Status } from "../../../../src/apps/server/contract/health.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { Age } from "../../kit/age.tsx";
import { Loading, Notice, TroubleState } from "../../kit/states.tsx";
import { Access } from "./access.tsx";
import { Agents } from "./agents.tsx";
import { Gaps } from "./gaps.tsx";
import { headlineOf } from "./headline-text.ts";
import { Parts } from "./parts.tsx";
import { Settings } from "./settings.tsx";
import { StoreTables } from "./store-tables.tsx";

const refetchMs = 3000;

export function HealthScreen() {
  const answer = useCall("status", {}, { refetchMs });
  const status = answer.data;
  if (status === undefined)
    return answer.error === null ? (
      <Loading label="Loading the state of Garrison" />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  return (
    <div className="screen scrolling">
      {answer.error === null ? null : (
        <Notice tone="warning">
          Stale: {troubleOf(answer.error).message} What is shown is from <Age time={status.time} />.
        </Notice>
      )}
      <Headline status={status} />
      <Parts status={status} />
      <Agents nodes={status.nodes} />
      <StoreTables status={status} />
      <Gaps />
      <Settings />
      <Access door={status.agentsDoor} />
    </div>
  );
}

const gapsMax = 1000;
const gapsRefetchMs = 10_000;

function Headline({ status }: { readonly status: Status }) {
  const gaps = useCall("listGaps", { query: { since: "1h", limit: gapsMax } }, { refetchMs: gapsRefetchMs });
  const known = gaps.data === undefined ? undefined : { rows: gaps.data.rows, more: gaps.data.next !== undefined };
  const { state, text } = headlineOf(status.state, known, gaps.error !== null);
  return (
    <section className="headline" data-state={state} aria-label="Summary">
      <h2>{text}</h2>
      <ul>
        {status.notices.map((notice) => (
          <li key={notice}>{notice}</li>
        ))}
      </ul>
      <p>
        Version {status.version} · as of <Age time={status.time} />
      </p>
    </section>
  );
}
