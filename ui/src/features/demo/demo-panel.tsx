// What goes wrong in a simulated cluster, to be switched on and off: the demo's stories. Shown only where there is such a cluster.
import "../../styles/demo.css";
import { FlaskConical } from "lucide-react";
import { useState } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient, queryClient, useCall } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { troubleOf } from "../../api/trouble.ts";
import { Dropdown } from "../../kit/dropdown.tsx";
import { Notice, sentence } from "../../kit/states.tsx";
import { failures, storyOf, storyText, type Story } from "./demo-story.ts";

const viewerReason = "Stories are told by operators; your role is viewer.";
const refetchMs = 10_000;

/** One button per simulated cluster; nothing where all clusters are real. */
export function DemoPanel() {
  const clusters = useCall("listClusters", {});
  return (clusters.data?.clusters ?? [])
    .filter(({ simulated }) => simulated)
    .map(({ name }) => <ClusterStory key={name} cluster={name} />);
}

function ClusterStory({ cluster }: { readonly cluster: string }) {
  const answer = useCall("listResources", { params: { kind: "DemoStory" } }, { refetchMs });
  const session = useSession();
  const [refusal, setRefusal] = useState("");
  const because = session.data?.role === "viewer" ? viewerReason : undefined;
  const scope = `cluster/${cluster}`;
  const story = storyOf(
    (answer.data?.resources ?? []).find((each) => each.scope === scope && each.name === "default")?.spec,
  );
  const tell = (patch: Partial<Story>): void => {
    if (because !== undefined) return;
    const apply = async (): Promise<void> => {
      const spec = { ...story, ...patch };
      await call(apiClient, "applyResource", {
        params: { kind: "DemoStory", name: "default" },
        query: {},
        body: { kind: "DemoStory", scope, name: "default", spec },
      });
      setRefusal("");
      await queryClient.invalidateQueries({ queryKey: ["listResources", { params: { kind: "DemoStory" } }] });
    };
    apply().catch((error: unknown) => setRefusal(sentence(troubleOf(error).message)));
  };
  return (
    <Dropdown
      label={`Demo: ${storyText(story)}, in cluster ${cluster}`}
      icon={<FlaskConical aria-hidden="true" />}
      text={`Demo: ${storyText(story)}`}
      set={story.attack || story.failure !== "none"}
    >
      {() => (
        <div className="demo-story">
          <p className="calm">
            {cluster} is simulated: nothing in it is real. Switch on what shall go wrong and find it; it begins within
            seconds.
          </p>
          {answer.error === null ? null : <Notice tone="warning">{sentence(troubleOf(answer.error).message)}</Notice>}
          <StoryForm cluster={cluster} story={story} isDisabled={because !== undefined} onTell={tell} />
          {because === undefined ? null : <p className="calm">{because}</p>}
          {refusal === "" ? null : <Notice tone="warning">{refusal}</Notice>}
        </div>
      )}
    </Dropdown>
  );
}

interface StoryFormProps {
  readonly cluster: string;
  readonly story: Story;
  readonly isDisabled: boolean;
  readonly onTell: (patch: Partial<Story>) => void;
}

function StoryForm({ cluster, story, isDisabled, onTell }: StoryFormProps) {
  return (
    <>
      <fieldset disabled={isDisabled}>
        <legend>Failure</legend>
        {failures.map(({ id, title, hint }) => (
          <label key={id}>
            <input
              type="radio"
              name={`failure-${cluster}`}
              checked={story.failure === id}
              onChange={() => onTell({ failure: id })}
            />
            <span>
              {title}
              <small>{hint}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <fieldset disabled={isDisabled}>
        <legend>Attack</legend>
        <label>
          <input type="checkbox" checked={story.attack} onChange={() => onTell({ attack: !story.attack })} />
          <span>
            An intruder in the web shop
            <small>A download, a scan, a look at the database, data sent out.</small>
          </span>
        </label>
      </fieldset>
    </>
  );
}
