// Saved views of a screen, shared by a team: open one, save what is on screen, delete one (asks first). Viewers open only.
import "../../styles/views.css";
import { useNavigate } from "@tanstack/react-router";
import { Bookmark, Trash2 } from "lucide-react";
import { useState, type FormEvent } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient, queryClient, useCall } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { troubleOf } from "../../api/trouble.ts";
import { readUrlState } from "../../app/url-state.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { Confirm } from "../../kit/confirm.tsx";
import { Dropdown } from "../../kit/dropdown.tsx";
import { IconButton } from "../../kit/icon-button.tsx";
import { Notice, sentence } from "../../kit/states.tsx";
import { nameOfTitle, savedSearch, type ViewScreen } from "./view-text.ts";

const viewerReason = "Saving views needs the role operator; yours is viewer.";

interface SavedView {
  readonly name: string;
  readonly scope: string;
  readonly title: string;
  readonly screen: string;
  readonly search: Readonly<Record<string, string>>;
}

export function ViewsMenu({ screen }: { readonly screen: ViewScreen }) {
  const answer = useCall("listResources", { params: { kind: "View" } });
  const [deleting, setDeleting] = useState<SavedView | undefined>(undefined);
  const views = (answer.data?.resources ?? []).map(viewOf).filter((view) => view.screen === screen);
  const session = useSession();
  const because = session.data?.role === "viewer" ? viewerReason : undefined;
  return (
    <>
      <Dropdown
        label={`Saved views: ${views.length}`}
        icon={<Bookmark aria-hidden="true" />}
        text="Views"
        set={false}
        onOpen={() => void answer.refetch()}
      >
        {(close) => (
          <div className="views">
            {answer.error === null ? null : <Notice tone="warning">{sentence(troubleOf(answer.error).message)}</Notice>}
            {views.length === 0 && answer.error === null ? (
              <p className="calm">No view of this screen is saved yet.</p>
            ) : null}
            <ul>
              {views.map((view) => (
                <li key={`${view.scope} ${view.name}`}>
                  <OpenView view={view} screen={screen} onDone={close} />
                  <IconButton
                    label={`Delete the view ${view.title}`}
                    disabledBecause={because}
                    onClick={() => {
                      close();
                      setDeleting(view);
                    }}
                  >
                    <Trash2 />
                  </IconButton>
                </li>
              ))}
            </ul>
            <SaveView
              screen={screen}
              taken={new Set((answer.data?.resources ?? []).map(({ name }) => name))}
              because={because}
            />
          </div>
        )}
      </Dropdown>
      {deleting === undefined ? null : (
        <Confirm
          title={`Delete the view ${deleting.title}?`}
          act="Delete"
          onClose={() => setDeleting(undefined)}
          onConfirm={async () => {
            await call(apiClient, "deleteResource", {
              params: { kind: "View", name: deleting.name },
              query: { scope: deleting.scope },
            });
            await refreshed();
          }}
        >
          <p>
            Nobody who works with this Garrison finds it in this menu any more. Its history is kept: an operator can
            restore it.
          </p>
        </Confirm>
      )}
    </>
  );
}

function refreshed(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: ["listResources", { params: { kind: "View" } }] });
}

/** What the server answers was checked there; here only its shape is read. */
function viewOf({
  name,
  scope,
  spec,
}: {
  name: string;
  scope: string;
  spec: Readonly<Record<string, unknown>>;
}): SavedView {
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const search = typeof spec["search"] === "object" && spec["search"] !== null ? spec["search"] : {};
  return {
    name,
    scope,
    title: text(spec["title"]) || name,
    screen: text(spec["screen"]),
    search: Object.fromEntries(Object.entries(search).map(([key, value]) => [key, text(value)])),
  };
}

interface OpenViewProps {
  readonly view: SavedView;
  readonly screen: ViewScreen;
  readonly onDone: () => void;
}

function OpenView({ view, screen, onDone }: OpenViewProps) {
  const navigate = useNavigate();
  return (
    <button
      type="button"
      className="view-open"
      onClick={() => {
        // A view that was saved by a newer console, or by hand, keeps only what this one knows.
        void navigate({ to: screen, search: readUrlState(view.search) });
        onDone();
      }}
    >
      {view.title}
    </button>
  );
}

interface SaveViewProps {
  readonly screen: ViewScreen;
  readonly taken: ReadonlySet<string>;
  readonly because: string | undefined;
}

function SaveView({ screen, taken, because }: SaveViewProps) {
  const [state] = useUrlState();
  const [said, setSaid] = useState<{ readonly tone: "info" | "warning"; readonly text: string } | undefined>(undefined);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form).get("title");
    const title = typeof given === "string" ? given.trim() : "";
    if (title === "" || because !== undefined) return;
    const name = nameOfTitle(title, taken);
    const spec = { title, screen, search: savedSearch(state) };
    const save = async (): Promise<void> => {
      await call(apiClient, "applyResource", {
        params: { kind: "View", name },
        query: { ifGeneration: 0 },
        body: { kind: "View", scope: "global", name, spec },
      });
      form.reset();
      setSaid({ tone: "info", text: `Saved as ${name}.` });
      await refreshed();
    };
    save().catch((error: unknown) => setSaid({ tone: "warning", text: sentence(troubleOf(error).message) }));
  };
  return (
    <form onSubmit={submit}>
      <label>
        Save what is on screen as
        <input
          name="title"
          required
          maxLength={120}
          placeholder="e.g. Checkout and its database"
          autoComplete="off"
          disabled={because !== undefined}
        />
      </label>
      <button type="submit" className="button" aria-disabled={because !== undefined} title={because}>
        Save this view
      </button>
      {because === undefined ? null : <p className="calm">{because}</p>}
      {said === undefined ? null : <Notice tone={said.tone}>{said.text}</Notice>}
    </form>
  );
}
