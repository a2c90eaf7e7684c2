// Accepting a finding: where it holds, why, who answers for it, until when. What it covers is shown before it is written.
import { useState } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { Exception } from "../../../../src/model/exception.ts";
import { apiClient, queryClient, useCall } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { troubleOf, type Trouble } from "../../api/trouble.ts";
import { Notice, sentence } from "../../kit/states.tsx";
import { exceptionName, scopeFor, scopeText, widths, widthWords, type Width } from "./exception-words.ts";
import type { OneImage, VulnerabilityMatch } from "./image-words.ts";

interface ExceptionFormProps {
  readonly match: VulnerabilityMatch;
  readonly image: OneImage;
  readonly onDone: () => void;
}

const dayMs = 86_400_000;
const daysDefault = 90;

const justifications = [
  ["", "accepted risk"],
  ["vulnerable_code_not_present", "not affected: the vulnerable code is not there"],
  ["vulnerable_code_not_in_execute_path", "not affected: the code is never run"],
  ["vulnerable_code_cannot_be_controlled_by_adversary", "not affected: nobody outside can reach it"],
  ["inline_mitigations_already_exist", "not affected: a mitigation is in place"],
] as const;
type Justification = (typeof justifications)[number][0];

interface Draft {
  readonly width: Width;
  readonly reason: string;
  readonly owner: string;
  readonly expires: string;
  readonly justification: Justification;
}

function specOf(draft: Draft, { match, image }: ExceptionFormProps) {
  const { digest, reference } = image.image;
  return Exception.safeParse({
    vulnerability: match.vulnerability,
    scope: scopeFor(draft.width, { match, digest, reference: image.references[0] ?? reference }),
    reason: draft.reason,
    owner: draft.owner,
    expires: draft.expires,
    ...(draft.justification === "" ? {} : { status: "not_affected", justification: draft.justification }),
  });
}

export function ExceptionForm(props: ExceptionFormProps) {
  const { match, image, onDone } = props;
  const session = useSession();
  const [draft, setDraft] = useState<Draft>({
    width: "package-here",
    reason: "",
    owner: session.data?.user ?? "",
    expires: new Date(Date.now() + daysDefault * dayMs).toISOString().slice(0, 10),
    justification: "",
  });
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const change = (patch: Partial<Draft>): void => setDraft({ ...draft, ...patch });
  const parsed = specOf(draft, props);
  const save = (): void => {
    if (!parsed.success || busy) return;
    setBusy(true);
    const name = exceptionName(match.vulnerability, scopeText(parsed.data));
    call(apiClient, "applyResource", {
      params: { kind: "Exception", name },
      query: {},
      body: { kind: "Exception", scope: "global", name, spec: { ...parsed.data } },
    })
      .then(() => queryClient.invalidateQueries())
      .then(onDone, (error: unknown) => {
        setTrouble(troubleOf(error));
        setBusy(false);
      });
  };
  return (
    <form
      className="exception-form"
      aria-label="Accept this finding"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <DraftFields draft={draft} onChange={change} />
      <Covers spec={parsed.success ? parsed.data : undefined} key={image.image.digest} />
      {trouble === undefined ? null : (
        <Notice tone="warning">
          {sentence(trouble.message)} {trouble.hint}
        </Notice>
      )}
      <div className="confirm-acts">
        <button type="button" className="button" onClick={onDone}>
          Cancel
        </button>
        <button
          type="submit"
          className="button button-good"
          disabled={!parsed.success}
          aria-busy={busy}
          title={parsed.success ? undefined : "Say why, who answers for it, and until when"}
        >
          Accept
        </button>
      </div>
    </form>
  );
}

function DraftFields({
  draft,
  onChange,
}: {
  readonly draft: Draft;
  readonly onChange: (patch: Partial<Draft>) => void;
}) {
  return (
    <>
      <label>
        Where
        <select
          value={draft.width}
          onChange={({ currentTarget }) =>
            onChange({ width: widths.find((each) => each === currentTarget.value) ?? "package-here" })
          }
        >
          {widths.map((width) => (
            <option key={width} value={width}>
              {widthWords[width]}
            </option>
          ))}
        </select>
      </label>
      <label>
        As
        <select
          value={draft.justification}
          onChange={({ currentTarget }) =>
            onChange({ justification: justifications.find(([value]) => value === currentTarget.value)?.[0] ?? "" })
          }
        >
          {justifications.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <label>
        Why
        <textarea
          value={draft.reason}
          maxLength={4096}
          rows={2}
          placeholder="Only the build uses it; no request reaches it"
          onChange={({ currentTarget }) => onChange({ reason: currentTarget.value })}
        />
      </label>
      <label>
        Owner
        <input
          type="text"
          value={draft.owner}
          maxLength={256}
          onChange={({ currentTarget }) => onChange({ owner: currentTarget.value })}
        />
      </label>
      <label>
        Until
        <input
          type="date"
          value={draft.expires}
          onChange={({ currentTarget }) => onChange({ expires: currentTarget.value })}
        />
      </label>
    </>
  );
}

/** What it would cover now, asked for as the choice stands. */
function Covers({ spec }: { readonly spec: Exception | undefined }) {
  const shown = spec ?? undefined;
  const answer = useCall(
    "previewException",
    { body: { spec: { ...(shown ?? placeholderSpec) } } },
    { enabled: shown !== undefined, keep: true },
  );
  if (shown === undefined || answer.data === undefined)
    return (
      <p className="none">
        {shown === undefined ? "Say why, who answers for it and until when." : "Counting what it covers…"}
      </p>
    );
  const { covers, images, runningContainers, notes } = answer.data;
  return (
    <div role="status">
      <p>
        Covers <b>{covers}</b> {covers === 1 ? "finding" : "findings"} in {images} {images === 1 ? "image" : "images"},{" "}
        {runningContainers} running {runningContainers === 1 ? "container" : "containers"}.
      </p>
      {notes.map((note) => (
        <p key={note} className="warn-text">
          {sentence(note)}
        </p>
      ))}
    </div>
  );
}

/** Never sent: the question is not asked while there is no spec. */
const placeholderSpec: Exception = {
  vulnerability: "-",
  scope: { any: true },
  reason: "-",
  owner: "-",
  expires: "2026-01-01",
  status: "accepted",
};
