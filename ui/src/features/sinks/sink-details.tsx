// One sink: how it is, a test, what it sends, its dead letters, and what an admin may change.
import { useState } from "react";
import type { SinkTest } from "../../../../src/apps/server/contract/sinks.ts";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient, queryClient } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { troubleOf } from "../../api/trouble.ts";
import { Age } from "../../kit/age.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { CopyText } from "../../kit/copy.tsx";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { field, FieldList } from "../../kit/field-list.tsx";
import { formatBytes, formatCount, formatDuration } from "../../kit/format.ts";
import { Notice, sentence } from "../../kit/states.tsx";
import { SinkForm } from "./sink-form.tsx";
import { SinkLetters } from "./sink-letters.tsx";
import { SinkStateWord } from "./sink-state.tsx";
import { fitsForm, typeWords, type SinkStatus } from "./sink-words.ts";

interface SinkProps {
  readonly sink: SinkStatus;
}

export function SinkDetails({ sink, onClose }: SinkProps & { readonly onClose: () => void }) {
  const session = useSession();
  const role = session.data?.role ?? "viewer";
  return (
    <DetailsPane title={sink.name} onClose={onClose}>
      <p className="sink-now">
        <SinkStateWord state={sink.state} />
        {sink.nextAttemptAt === undefined ? null : <span className="none">tries again soon</span>}
      </p>
      {sink.because === "" ? null : (
        <Notice tone="warning">
          {sentence(sink.because)} {sink.hint === "" ? "" : sentence(sink.hint)}
        </Notice>
      )}
      {role === "viewer" ? null : <TestButton sink={sink} />}
      <FieldList groups={groupsOf(sink)} />
      <SinkLetters sink={sink} mayChange={role !== "viewer"} />
      {role === "admin" ? <Changes sink={sink} onGone={onClose} /> : null}
    </DetailsPane>
  );
}

function groupsOf(sink: SinkStatus) {
  const { counts, spec } = sink;
  const { filter, retry } = spec;
  const list = (names: readonly string[]): string => names.join(", ");
  return [
    {
      title: "Delivery",
      fields: [
        field("Sends to", sink.target, "data"),
        field("Kind", typeWords[sink.type]),
        field("Last delivery", sink.lastDeliveredAt === undefined ? "none yet" : <Age time={sink.lastDeliveredAt} />),
        field("The receiver said", sink.lastDelivery),
        field("Last failure", sink.lastErrorAt === undefined ? "" : <Age time={sink.lastErrorAt} />),
        field("It said", sink.lastError),
        field("In the queue", formatCount(sink.queued)),
        field("Oldest waits", sink.behindMs === 0 ? "" : formatDuration(sink.behindMs)),
      ],
    },
    {
      title: "Since it was started",
      fields: [
        field("Delivered", `${formatCount(counts.delivered)} events, ${formatBytes(counts.bytes)}`),
        field("Failed attempts", formatCount(counts.failures)),
        field("Not asked for", formatCount(counts.filtered)),
        field("Over the limit", counts.overLimit === 0 ? "" : formatCount(counts.overLimit)),
        field("Shortened", counts.cut === 0 ? "" : formatCount(counts.cut)),
        field("Given up", counts.deadLettered === 0 ? "" : formatCount(counts.deadLettered)),
        field("Dead letters lost", counts.lettersLost === 0 ? "" : formatCount(counts.lettersLost)),
      ],
    },
    {
      title: "What it sends",
      fields: [
        field("Severity", filter.severityMin === "info" ? "all" : `${filter.severityMin} and above`),
        field("Of", sink.scope === "global" ? "all clusters" : sink.scope),
        field("Rules", list(filter.rules)),
        field("Not the rules", list(filter.rulesExcept)),
        field("Tags", list(filter.tags)),
        field("Namespaces", list(filter.namespaces)),
        field("Not the namespaces", list(filter.namespacesExcept)),
        field("At most", spec.eventsPerMinuteMax === 0 ? "" : `${formatCount(spec.eventsPerMinuteMax)} a minute`),
        field("Attempts", formatCount(retry.attemptsMax)),
      ],
    },
  ];
}

/** Sends one event now; the answer stays until the next. */
function TestButton({ sink }: SinkProps) {
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Omit<SinkTest, "tookMs"> | undefined>(undefined);
  const send = (): void => {
    if (busy) return;
    setBusy(true);
    void call(apiClient, "testSink", { params: { name: sink.name }, query: { scope: sink.scope } })
      .then(setOutcome, (error: unknown) => {
        const { message, hint } = troubleOf(error);
        setOutcome({ ok: false, because: message, hint });
      })
      .then(() => queryClient.invalidateQueries({ queryKey: ["listSinks"] }))
      .finally(() => setBusy(false));
  };
  return (
    <div className="sink-test">
      <button type="button" className="button" onClick={send} aria-busy={busy}>
        Send a test event
      </button>
      <span role="status">
        {outcome === undefined ? null : outcome.ok ? (
          <span className="outcome-good">Taken: {outcome.because}</span>
        ) : (
          <span className="outcome-bad">
            Failed: {sentence(outcome.because)} {outcome.hint === "" ? "" : sentence(outcome.hint)}
          </span>
        )}
      </span>
    </div>
  );
}

function Changes({ sink, onGone }: SinkProps & { readonly onGone: () => void }) {
  const [asking, setAsking] = useState<"edit" | "switch" | "remove" | undefined>(undefined);
  const close = (): void => setAsking(undefined);
  const { name, scope, spec } = sink;
  const put = async (enabled: boolean): Promise<void> => {
    const body = { kind: "Sink", scope, name, spec: { ...spec, enabled } };
    const guard = { ifGeneration: sink.generation };
    await call(apiClient, "applyResource", { params: { kind: "Sink", name }, query: guard, body });
    await queryClient.invalidateQueries();
  };
  const remove = async (): Promise<void> => {
    await call(apiClient, "deleteResource", { params: { kind: "Sink", name }, query: { scope } });
    await queryClient.invalidateQueries();
    onGone();
  };
  return (
    <div className="sink-changes">
      {fitsForm(spec) ? (
        <button type="button" className="button" onClick={() => setAsking("edit")}>
          Change
        </button>
      ) : null}
      <button type="button" className="button" onClick={() => setAsking("switch")}>
        {spec.enabled ? "Switch off" : "Switch on"}
      </button>
      <button type="button" className="button" onClick={() => setAsking("remove")}>
        Remove
      </button>
      <CopyText text={`npx garrison get Sink ${name}${scope === "global" ? "" : ` --scope ${scope}`} -o yaml`} />
      {asking === "edit" ? (
        <Dialog title={`Change ${name}`} onClose={close}>
          <SinkForm sink={sink} onDone={close} />
        </Dialog>
      ) : null}
      {asking === "switch" ? (
        <Confirm
          title={`Switch ${name} ${spec.enabled ? "off" : "on"}?`}
          act={spec.enabled ? "Switch off" : "Switch on"}
          onConfirm={() => put(!spec.enabled)}
          onClose={close}
        >
          <p>
            {spec.enabled
              ? "Nothing is sent any more. What happens while it is off is not sent later."
              : "It begins with what happens from now on."}
          </p>
        </Confirm>
      ) : null}
      {asking === "remove" ? (
        <Confirm title={`Remove ${name}?`} act="Remove" onConfirm={remove} onClose={close}>
          <p>
            Nothing is sent any more, and its {formatCount(sink.deadLetters)} dead letters are thrown away. The events
            stay in the store, and the resource&apos;s history stays.
          </p>
        </Confirm>
      ) : null}
    </div>
  );
}
