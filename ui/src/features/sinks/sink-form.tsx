// A sink as a form: kind, where to, which events. Secrets are named, never typed. What the form does not show keeps its value.
import { useState } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { severities } from "../../../../src/model/security-event.ts";
import { sinkFormats } from "../../../../src/model/sink.ts";
import { apiClient, queryClient } from "../../api/client.ts";
import { troubleOf, type Trouble } from "../../api/trouble.ts";
import { Notice, sentence } from "../../kit/states.tsx";
import { SinkTargetFields } from "./sink-target-fields.tsx";
import { Choice, Text } from "./sink-inputs.tsx";
import { type Draft, draftOf, emptyDraft, parseDraft, typeWords, type SinkStatus } from "./sink-words.ts";

interface FormProps {
  /** Absent: a new one. */
  readonly sink?: SinkStatus;
  readonly onDone: () => void;
}

const types = ["webhook", "syslog", "file", "stdout"] as const;
const nameLike = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

export function SinkForm({ sink, onDone }: FormProps) {
  const [draft, setDraft] = useState<Draft>(sink === undefined ? emptyDraft : draftOf(sink));
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const change = (patch: Partial<Draft>): void => setDraft({ ...draft, ...patch });
  const { spec, problem } = parseDraft(draft, sink?.spec);
  const missing = nameLike.test(draft.name) ? problem : "give it a name of small letters, digits, '-' and '.'";
  const save = (): void => {
    if (spec === undefined || missing !== "" || busy) return;
    setBusy(true);
    const { name, scope } = draft;
    call(apiClient, "applyResource", {
      params: { kind: "Sink", name },
      query: { ifGeneration: sink?.generation ?? 0 },
      body: { kind: "Sink", scope, name, spec: { ...spec } },
    })
      .then(() => queryClient.invalidateQueries())
      .then(onDone, (error: unknown) => {
        setTrouble(troubleOf(error));
        setBusy(false);
      });
  };
  return (
    <form
      className="sink-form"
      aria-label={sink === undefined ? "New sink" : `Change ${sink.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      {sink === undefined ? <NameFields draft={draft} onChange={change} /> : null}
      <KindFields draft={draft} onChange={change} />
      <SinkTargetFields draft={draft} onChange={change} />
      <FilterFields draft={draft} onChange={change} />
      {trouble === undefined ? null : (
        <Notice tone="warning">
          {sentence(trouble.message)} {trouble.hint}
        </Notice>
      )}
      <p role="status" className="none">
        {missing === "" ? "" : sentence(missing)}
      </p>
      <div className="confirm-acts">
        <button type="button" className="button" onClick={onDone}>
          Cancel
        </button>
        <button type="submit" className="button button-good" disabled={missing !== ""} aria-busy={busy}>
          {sink === undefined ? "Make it" : "Save"}
        </button>
      </div>
    </form>
  );
}

const formatWords = { falco: "JSON, as Falco", garrison: "JSON, the whole row", cef: "CEF (ArcSight)" } as const;

interface DraftProps {
  readonly draft: Draft;
  readonly onChange: (patch: Partial<Draft>) => void;
}

function NameFields({ draft, onChange }: DraftProps) {
  return (
    <div className="sink-row">
      <Text label="Name" value={draft.name} placeholder="siem" onChange={(name) => onChange({ name })} />
      <Text
        label="Events of"
        value={draft.scope}
        hint="global, or cluster/NAME"
        onChange={(scope) => onChange({ scope })}
      />
    </div>
  );
}

function KindFields({ draft, onChange }: DraftProps) {
  return (
    <div className="sink-row">
      <Choice
        label="Send to"
        value={draft.type}
        options={types.map((type) => [type, typeWords[type]])}
        onChange={(type) => onChange({ type, ...(type === "syslog" ? { format: "cef" } : { format: "falco" }) })}
      />
      {draft.type === "webhook" ? null : (
        <Choice
          label="Written as"
          value={draft.format}
          options={sinkFormats.map((format) => [format, formatWords[format]])}
          onChange={(format) => onChange({ format })}
        />
      )}
    </div>
  );
}

function FilterFields({
  draft,
  onChange,
}: {
  readonly draft: Draft;
  readonly onChange: (patch: Partial<Draft>) => void;
}) {
  return (
    <fieldset>
      <legend>Which events</legend>
      <div className="sink-row">
        <Choice
          label="Severity at least"
          value={draft.severityMin}
          options={severities.map((severity) => [severity, severity === "info" ? "all" : severity])}
          onChange={(severityMin) => onChange({ severityMin })}
        />
        <Text
          label="At most a minute"
          value={draft.eventsPerMinuteMax}
          hint="0: no limit"
          onChange={(eventsPerMinuteMax) => onChange({ eventsPerMinuteMax })}
        />
      </div>
      <Text
        label="Rules"
        value={draft.rules}
        hint="empty: all; * stands for any text; commas between"
        onChange={(rules) => onChange({ rules })}
      />
      <div className="sink-row">
        <Text
          label="Namespaces"
          value={draft.namespaces}
          hint="empty: all"
          onChange={(namespaces) => onChange({ namespaces })}
        />
        <Text label="Tags or techniques" value={draft.tags} hint="empty: all" onChange={(tags) => onChange({ tags })} />
      </div>
    </fieldset>
  );
}
