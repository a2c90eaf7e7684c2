// The text of policies beside what it would do: problems at their lines, the effect on recorded traffic before anything is saved.
import { useState } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient, queryClient, useCall } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { troubleOf } from "../../api/trouble.ts";
import { rangeLabel } from "../../app/time-range.ts";
import { rangeOf } from "../../app/url-state.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { Confirm } from "../../kit/confirm.tsx";
import { Loading, Notice, TroubleState } from "../../kit/states.tsx";
import { Impact, totalsText, type Preview } from "./impact.tsx";
import { shortId } from "./rule-words.ts";
import { usePreview } from "./use-preview.ts";
import { YamlEditor } from "./yaml-editor.tsx";

interface PolicyEditorProps {
  readonly cluster: string;
  /** Scope of the resource that is written. */
  readonly scope: string;
  readonly start: string;
  /** Why it cannot be changed here; "" when it can. */
  readonly readOnlyBecause: string;
  readonly onSaved: (ids: readonly string[]) => void;
  /** Of the policy that the text came from; absent for new ones. */
  readonly existing?: { readonly id: string; readonly name: string; readonly generation: number };
}

type Question = "none" | "save" | "delete";

export function PolicyEditor(props: PolicyEditorProps) {
  const { cluster, scope, start, readOnlyBecause, existing } = props;
  const [text, setText] = useState(start);
  const [question, setQuestion] = useState<Question>("none");
  const [state] = useUrlState();
  const range = rangeOf(state);
  const preview = usePreview({ cluster, text, removed: [], range });
  const schema = useCall("policySchema", {}, { keep: true });
  const session = useSession();
  const because =
    readOnlyBecause || (session.data?.role === "viewer" ? "Operators change policies; your role is viewer." : "");
  const changes = (preview.data?.objects ?? []).filter(({ change }) => change === "added" || change === "changed");
  const refused = preview.data?.problems.some(({ severity }) => severity === "error") ?? false;
  const canSave = because === "" && !preview.isOld && changes.length > 0 && !refused;
  return (
    <div className="policy-edit">
      <section className="policy-text" aria-label="Text">
        <div className="list-bar">
          <span className="count">
            {because !== "" ? because : saveHint({ changes: changes.length, refused, isOld: preview.isOld })}
          </span>
          <span className="spacer" />
          {existing === undefined || because !== "" ? null : (
            <button type="button" className="button button-bad" onClick={() => setQuestion("delete")}>
              Delete
            </button>
          )}
          {because === "" ? (
            <button type="button" className="button" disabled={!canSave} onClick={() => setQuestion("save")}>
              Save
            </button>
          ) : null}
        </div>
        <YamlEditor
          label="Policy as YAML"
          start={start}
          onChange={setText}
          kinds={schema.data?.kinds ?? []}
          problems={preview.data?.problems ?? []}
          isReadOnly={because !== ""}
        />
      </section>
      <section className="policy-impact" aria-label="Impact" aria-busy={preview.isOld}>
        <h3>
          Impact on recorded traffic <span className="count">{rangeLabel(range)}</span>
        </h3>
        <ImpactPart preview={preview} />
      </section>
      {question === "save" && preview.data !== undefined ? (
        <SaveQuestion {...props} scope={scope} preview={preview.data} onClose={() => setQuestion("none")} />
      ) : null}
      {question === "delete" ? <DeleteQuestion {...props} onClose={() => setQuestion("none")} /> : null}
    </div>
  );
}

function ImpactPart({ preview }: { readonly preview: ReturnType<typeof usePreview> }) {
  if (preview.data !== undefined)
    return (
      <>
        {preview.error === null ? null : <Notice tone="warning">{troubleOf(preview.error).message}</Notice>}
        <Impact preview={preview.data} />
      </>
    );
  if (preview.error !== null) return <TroubleState trouble={troubleOf(preview.error)} />;
  return preview.isFetching ? (
    <Loading label="Judging recorded traffic" rows={5} />
  ) : (
    <p className="none">Write a policy.</p>
  );
}

function saveHint({ changes, refused, isOld }: { changes: number; refused: boolean; isOld: boolean }): string {
  if (isOld) return "Judging ...";
  if (refused) return "Mend the errors, then save.";
  if (changes === 0) return "Nothing is changed yet.";
  return changes === 1 ? "1 object changes" : `${changes} objects change`;
}

interface QuestionProps extends PolicyEditorProps {
  readonly onClose: () => void;
}

function SaveQuestion({ scope, existing, onSaved, preview, onClose }: QuestionProps & { readonly preview: Preview }) {
  const changes = preview.objects.filter(({ change }) => change === "added" || change === "changed");
  const save = async (): Promise<void> => {
    for (const { id, resource } of changes) {
      if (resource === undefined) throw new Error(`${id} cannot be saved: the server gave no manifest for it`);
      const isSame = existing?.name === resource.name;
      await call(apiClient, "applyResource", {
        params: { kind: "Policy", name: resource.name },
        query: isSame ? { ifGeneration: existing.generation } : {},
        body: { kind: "Policy", scope, name: resource.name, spec: { manifest: resource.manifest } },
      });
    }
    await queryClient.invalidateQueries();
    onSaved(changes.map(({ id }) => id));
  };
  return (
    <Confirm title="Save policies" act="Save" onConfirm={save} onClose={onClose}>
      <p>
        {changes.map(({ id, change }) => `${shortId(id)} (${change})`).join(", ")} in scope {scope}. Nodes that enforce
        take it over within seconds.
      </p>
      <p>{totalsText(preview)}</p>
    </Confirm>
  );
}

function DeleteQuestion({ cluster, scope, existing, onSaved, onClose }: QuestionProps) {
  const [state] = useUrlState();
  const preview = usePreview({
    cluster,
    text: "",
    removed: existing === undefined ? [] : [existing.id],
    range: rangeOf(state),
  });
  const remove = async (): Promise<void> => {
    if (existing === undefined) return;
    await call(apiClient, "deleteResource", { params: { kind: "Policy", name: existing.name }, query: { scope } });
    await queryClient.invalidateQueries();
    onSaved([]);
  };
  return (
    <Confirm title={`Delete ${existing?.name ?? ""}`} act="Delete" onConfirm={remove} onClose={onClose}>
      <p>The policy is taken out of force on every node. Its history is kept.</p>
      <p>{preview.data === undefined ? "Judging recorded traffic ..." : totalsText(preview.data)}</p>
    </Confirm>
  );
}
