// A profile written from what was learnt: its text, the difference to the runtime's default, what to know before it is enforced.
import { useState } from "react";
import { profileKinds, profileModes, type ProfileKind, type ProfileMode } from "../../../../src/model/posture.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { CopyButton } from "../../kit/copy.tsx";
import { Loading, Notice, sentence, TroubleState } from "../../kit/states.tsx";
import type { LayersQuestion } from "./layers-tab.tsx";
import { profileKindWords, type Written } from "./layer-words.ts";

interface ProfilePaneProps extends Pick<LayersQuestion, "params" | "query"> {
  readonly container: string;
}

const modeWords: Readonly<Record<ProfileMode, string>> = { log: "Log only", enforce: "Enforce" };

export function ProfilePane({ params, query, container }: ProfilePaneProps) {
  const [profile, setProfile] = useState<ProfileKind>("seccomp");
  const [mode, setMode] = useState<ProfileMode>("log");
  const answer = useCall(
    "workloadProfile",
    { params: { ...params, profile }, query: { ...query, mode, container } },
    { keep: true },
  );
  return (
    <div className="profile-pane">
      <div className="layers-choice" role="group" aria-label="Kind of profile">
        {profileKinds.map((kind) => (
          <button
            key={kind}
            type="button"
            className="button"
            aria-pressed={kind === profile}
            onClick={() => setProfile(kind)}
          >
            {profileKindWords[kind]}
          </button>
        ))}
      </div>
      <div className="layers-choice" role="group" aria-label="Mode">
        {profileModes.map((each) => (
          <button
            key={each}
            type="button"
            className="button"
            aria-pressed={each === mode}
            onClick={() => setMode(each)}
          >
            {modeWords[each]}
          </button>
        ))}
      </div>
      {answer.data === undefined ? (
        answer.error === null ? (
          <Loading label="Writing the profile" rows={6} />
        ) : (
          <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
        )
      ) : (
        <Profile written={answer.data} />
      )}
    </div>
  );
}

function Profile({ written }: { readonly written: Written }) {
  const { text, name, path, patch, difference, warnings, promotion } = written.profile;
  const { base, kept, removed, added, conditions = [] } = difference;
  return (
    <>
      <p>
        <b>{name}</b>, confidence {written.confidence.level}. {sentence(promotion.because)}
      </p>
      {warnings.map((warning) => (
        <Notice key={warning} tone="warning">
          {sentence(warning)}
        </Notice>
      ))}
      {base === "" ? null : (
        <dl className="profile-difference">
          <Difference name={`Kept of ${base}`} words={kept} />
          <Difference name="Taken away" words={removed} />
          <Difference name="Added" words={added} />
          {conditions.length === 0 ? null : <Difference name="Only with certain arguments" words={conditions} />}
        </dl>
      )}
      <h3>{path === "" ? "For the manifest" : "The file"}</h3>
      {path === "" ? null : <p className="data">{path}</p>}
      <pre className="manifest" tabIndex={0} aria-label="The profile">
        {text}
      </pre>
      <div className="detection-acts">
        <CopyButton text={text} label="Copy profile" />
      </div>
      {patch === "" ? null : (
        <>
          <h3>Patch for the workload</h3>
          <pre className="manifest" tabIndex={0} aria-label="Patch for the workload">
            {patch}
          </pre>
          <div className="detection-acts">
            <CopyButton text={patch} label="Copy patch" />
          </div>
        </>
      )}
    </>
  );
}

function Difference({ name, words }: { readonly name: string; readonly words: readonly string[] }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd title={words.join(", ") || undefined}>{words.length === 0 ? "none" : words.length}</dd>
    </div>
  );
}
