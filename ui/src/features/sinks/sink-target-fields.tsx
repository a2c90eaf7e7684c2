// Where a sink sends to: the fields of the chosen kind.
import { Choice, Text } from "./sink-inputs.tsx";
import type { Draft } from "./sink-words.ts";

interface TargetProps {
  readonly draft: Draft;
  readonly onChange: (patch: Partial<Draft>) => void;
}

export function SinkTargetFields({ draft, onChange }: TargetProps) {
  switch (draft.type) {
    case "stdout":
      return <p className="none">One line for each event on the server&apos;s standard output.</p>;
    case "file":
      return (
        <Text
          label="File"
          value={draft.path}
          hint="below the server's folder for sinks; turned over at 100 MiB"
          onChange={(path) => onChange({ path })}
        />
      );
    case "syslog":
      return <SyslogFields draft={draft} onChange={onChange} />;
    case "webhook":
      return <WebhookFields draft={draft} onChange={onChange} />;
  }
}

const authorityHint = "PEM file in the server's folder for secrets; empty: the system's authorities";

function SyslogFields({ draft, onChange }: TargetProps) {
  return (
    <>
      <div className="sink-row">
        <Text label="Host" value={draft.host} placeholder="siem.example" onChange={(host) => onChange({ host })} />
        <Text label="Port" value={draft.port} onChange={(port) => onChange({ port })} />
        <Choice
          label="Over"
          value={draft.transport}
          options={[
            ["udp", "UDP"],
            ["tcp", "TCP"],
            ["tls", "TLS"],
          ]}
          onChange={(transport) =>
            onChange({ transport, ...(draft.port === "514" && transport === "tls" ? { port: "6514" } : {}) })
          }
        />
      </div>
      {draft.transport === "tls" ? (
        <Text
          label="Authority"
          value={draft.authorityFile}
          hint={authorityHint}
          onChange={(authorityFile) => onChange({ authorityFile })}
        />
      ) : null}
    </>
  );
}

function WebhookFields({ draft, onChange }: TargetProps) {
  return (
    <>
      <Text
        label="Address"
        value={draft.url}
        placeholder="https://siem.example/hook"
        onChange={(url) => onChange({ url })}
      />
      <div className="sink-row">
        <Choice
          label="Credential"
          value={draft.secretFrom}
          options={[
            ["none", "none"],
            ["environment", "a variable of the server"],
            ["file", "a file of the server"],
          ]}
          onChange={(secretFrom) => onChange({ secretFrom })}
        />
        {draft.secretFrom === "none" ? null : (
          <Text
            label={draft.secretFrom === "file" ? "File" : "Variable"}
            value={draft.secretName}
            placeholder={draft.secretFrom === "file" ? "siem-token" : "GARRISON_SINK_TOKEN"}
            onChange={(secretName) => onChange({ secretName })}
          />
        )}
      </div>
      {draft.secretFrom === "none" ? null : (
        <div className="sink-row">
          <Text label="Header" value={draft.secretHeader} onChange={(secretHeader) => onChange({ secretHeader })} />
          <Text label="Before it" value={draft.secretPrefix} onChange={(secretPrefix) => onChange({ secretPrefix })} />
        </div>
      )}
      {draft.url.startsWith("https:") ? (
        <Text
          label="Authority"
          value={draft.authorityFile}
          hint={authorityHint}
          onChange={(authorityFile) => onChange({ authorityFile })}
        />
      ) : null}
      <label>
        <span>
          Body <small>{"JSON with {{fields}}; empty: as Falco writes it"}</small>
        </span>
        <textarea
          value={draft.template}
          rows={3}
          maxLength={65_536}
          spellCheck={false}
          placeholder={'{ "text": "{{severity}}: {{rule}} in {{namespace}}/{{workload}}" }'}
          onChange={({ currentTarget }) => onChange({ template: currentTarget.value })}
        />
      </label>
    </>
  );
}
