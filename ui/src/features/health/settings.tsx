// The settings in force, read-only: what is kept and what is read, in which generation, who follows it, how it is changed.
import { CircleAlert, CircleCheck, CircleDashed } from "lucide-react";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { Age } from "../../kit/age.tsx";
import { CopyText } from "../../kit/copy.tsx";
import { StateWord } from "../../kit/state-word.tsx";
import { Loading, TroubleState } from "../../kit/states.tsx";
import { followedOf, specText, type ShownResource } from "./resource-text.ts";

const refetchMs = 10_000;
const icons = { good: CircleCheck, warning: CircleAlert, muted: CircleDashed } as const;
/** What holds while no resource of the kind says otherwise. */
const withoutAny: Readonly<Record<string, string>> = {
  Retention: "None: every table keeps its default number of days (see Store above).",
  Visibility: "None: no first bytes are read; arguments are kept, with secrets redacted.",
};

export function Settings() {
  const kinds = useCall("listKinds", {});
  return (
    <section className="card" aria-labelledby="settings-title">
      <h2 id="settings-title">Settings</h2>
      {kinds.isPending ? <Loading label="Loading settings" rows={2} /> : null}
      {kinds.error === null ? null : (
        <TroubleState trouble={troubleOf(kinds.error)} onRetry={() => void kinds.refetch()} />
      )}
      {kinds.data?.kinds.map(({ kind, summary, distribution }) => (
        <KindSettings key={kind} kind={kind} summary={summary} distribution={distribution} />
      ))}
      {kinds.data === undefined ? null : (
        <>
          <p className="calm">They are changed on the command line; every change is kept as a generation.</p>
          <CopyText text="npx garrison get Visibility -o yaml > settings.yaml && npx garrison apply -f settings.yaml" />
        </>
      )}
    </section>
  );
}

interface KindProps {
  readonly kind: string;
  readonly summary: string;
  readonly distribution: string;
}

function KindSettings({ kind, summary, distribution }: KindProps) {
  const answer = useCall("listResources", { params: { kind } }, { refetchMs });
  const found = answer.data?.resources;
  return (
    <div className="settings-kind">
      <h3>
        {kind} <small>{summary}</small>
      </h3>
      {answer.error === null ? null : <TroubleState trouble={troubleOf(answer.error)} />}
      {found?.length === 0 ? <p className="calm">{withoutAny[kind] ?? "None."}</p> : null}
      {found === undefined || found.length === 0 ? null : (
        <table className="plain">
          <thead>
            <tr>
              <th>Name</th>
              <th>Scope</th>
              <th className="end">Generation</th>
              <th>State</th>
              <th>Says</th>
              <th className="end">Changed</th>
            </tr>
          </thead>
          <tbody>
            {found.map((resource) => (
              <ResourceRow key={`${resource.scope}/${resource.name}`} {...{ resource, distribution }} />
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function ResourceRow({ resource, distribution }: { readonly resource: ShownResource; readonly distribution: string }) {
  const { tone, word, because } = followedOf(resource, distribution);
  return (
    <tr>
      <th scope="row">{resource.name}</th>
      <td className="data">{resource.scope}</td>
      <td className="data end">{resource.generation}</td>
      <td>
        <StateWord tone={tone} icon={icons[tone]} word={word} because={because} />
      </td>
      <td className="data">{specText(resource.spec) || "defaults"}</td>
      <td className="end">
        <Age time={resource.time} /> by {resource.author}
      </td>
    </tr>
  );
}
