// The policy board: tiers as columns in order of evaluation, policies as cards, what is staged apart. One board per cluster; below them
// the runtime policies.
import { Link } from "@tanstack/react-router";
import { ShieldPlus } from "lucide-react";
import { useRef, useState, type KeyboardEvent } from "react";
import type { PolicyBoard } from "../../../../src/apps/server/contract/policy-shapes.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { rangeQuery } from "../../app/time-range.ts";
import { rangeOf, type UrlState } from "../../app/url-state.ts";
import { useKeys } from "../../app/use-keys.ts";
import { carried, useUrlState } from "../../app/use-url-state.ts";
import { CopyButton } from "../../kit/copy.tsx";
import { Loading, Notice, State, TroubleState } from "../../kit/states.tsx";
import { WindowNotices } from "../../kit/window-notices.tsx";
import { BoardHead } from "./board-head.tsx";
import { CardDetails } from "./card-details.tsx";
import { holdsWords } from "./policy-words.ts";
import { RuntimeDetails } from "./runtime-details.tsx";
import { RuntimePolicies, runtimePick, ToRuntimePolicies, useRuntimePolicies } from "./runtime-policies.tsx";
import { TierColumn, type BoardTier } from "./tier-column.tsx";
import "../../styles/policies.css";

const refetchMs = 5000;

export function BoardScreen() {
  const [state, update] = useUrlState();
  const [typed, setTyped] = useState("");
  const range = rangeOf(state);
  const answer = useCall(
    "policyBoard",
    { query: { ...rangeQuery(range), ...(state.cluster === undefined ? {} : { cluster: state.cluster }) } },
    { keep: true, ...(range.kind === "relative" ? { refetchMs } : {}) },
  );
  const boards = answer.data?.boards ?? [];
  const runtime = useRuntimePolicies();
  const picked = pickedCard(boards, state.pick);
  const pickedRuntime = runtime.data?.resources.find((policy) => runtimePick(policy) === state.pick);
  const close = (): void => update({ pick: undefined }, "replace");
  useKeys({ Escape: close });
  const onPick = (pick: string): void => update({ pick: pick === state.pick ? undefined : pick }, "replace");
  return (
    <div className="screen">
      <div className="list-bar">
        <input
          type="search"
          className="boards-find"
          aria-label="Find policies"
          placeholder="Name, kind or selector"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <span className="spacer" />
        {boards.length === 0 ? null : <ToRuntimePolicies answer={runtime} />}
        <CopyButton text="npx garrison policy status" label="Copy as command" />
        <Link className="button" to="/policies/new" search={carried}>
          New policy
        </Link>
      </div>
      <WindowNotices window={answer.data?.window} error={answer.error} />
      <Omitted boards={answer.data?.boardsOmitted ?? 0} />
      <div className="live-panes">
        <div className="boards">
          {boards.map((board) => (
            <Board
              key={board.cluster}
              board={board}
              state={state}
              typed={typed}
              onPick={(cluster, id) => onPick(`${cluster} ${id}`)}
            />
          ))}
          {answer.isPending ? <Loading label="Loading the policies" rows={8} /> : null}
          {answer.error !== null && answer.data === undefined ? (
            <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
          ) : null}
          {answer.data !== undefined && boards.length === 0 ? <NoPolicies /> : null}
          {answer.data === undefined ? null : (
            <RuntimePolicies
              answer={runtime}
              cluster={state.cluster}
              namespace={state.ns}
              typed={typed}
              picked={state.pick}
              onPick={onPick}
            />
          )}
        </div>
        {picked === undefined ? null : <CardDetails {...picked} onClose={close} />}
        {pickedRuntime === undefined ? null : <RuntimeDetails policy={pickedRuntime} onClose={close} />}
      </div>
    </div>
  );
}

function Omitted({ boards }: { readonly boards: number }) {
  if (boards === 0) return null;
  return <Notice tone="info">And {boards} more clusters; choose one in the head.</Notice>;
}

/** The card of "<cluster> <id>". */
function pickedCard(boards: readonly PolicyBoard[], pick: string | undefined) {
  const [cluster = "", id = ""] = (pick ?? "").split(" ", 2);
  const tiers = boards.find((board) => board.cluster === cluster)?.tiers ?? [];
  const card = tiers.flatMap(({ cards, staged }) => [...cards, ...staged]).find((each) => each.id === id);
  return card === undefined ? undefined : { cluster, card };
}

interface BoardProps {
  readonly board: PolicyBoard;
  readonly state: UrlState;
  readonly typed: string;
  readonly onPick: (cluster: string, id: string) => void;
}

function Board({ board, state, typed, onPick }: BoardProps) {
  const columns = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = nextCard(columns.current, event);
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  };
  const [cluster = "", picked] = (state.pick ?? "").split(" ", 2);
  return (
    <section className="board" aria-label={`Policies of ${board.cluster}`}>
      <BoardHead board={board} />
      {board.tiers.length === 0 ? (
        <NoPolicies />
      ) : (
        <div className="tiers" ref={columns} onKeyDown={onKeyDown} role="group" aria-label="Tiers, in order">
          {board.tiers.map((tier) => {
            const shown = shownTier(tier, state.ns, typed);
            const hidden = tier.cards.length + tier.staged.length - shown.cards.length - shown.staged.length;
            return (
              <TierColumn
                key={tier.name}
                cluster={board.cluster}
                tier={shown}
                hidden={hidden}
                picked={cluster === board.cluster ? picked : undefined}
                onPick={(id) => onPick(board.cluster, id)}
              />
            );
          })}
        </div>
      )}
    </section>
  );
}

/** With a namespace chosen, policies of the whole cluster stay: they apply there too. */
function shownTier(tier: BoardTier, namespace: string | undefined, typed: string): BoardTier {
  const isShown = (card: BoardTier["cards"][number]): boolean =>
    (namespace === undefined || card.namespace === "" || card.namespace === namespace) &&
    holdsWords(card, typed.trim());
  return { ...tier, cards: tier.cards.filter(isShown), staged: tier.staged.filter(isShown) };
}

/** Arrow keys: up and down within a tier, left and right to the same height in the next one that has cards. */
function nextCard(board: HTMLElement | null, event: KeyboardEvent): HTMLElement | undefined {
  const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
  if (board === null || step === undefined || !(event.target instanceof HTMLElement)) return undefined;
  const [across = 0, down = 0] = step;
  const columns = [...board.querySelectorAll(".tier")]
    .map((column) => [...column.querySelectorAll<HTMLElement>("[data-card]")])
    .filter((cards) => cards.length > 0);
  const here = event.target;
  const column = columns.findIndex((cards) => cards.includes(here));
  if (column < 0) return undefined;
  const row = (columns[column] ?? []).indexOf(here);
  const target = columns[column + across];
  return target?.[Math.min(row + down, target.length - (across === 0 ? 0 : 1))];
}

function NoPolicies() {
  return (
    <State
      icon={<ShieldPlus />}
      title="No policy yet"
      hint={
        <>
          Put Kubernetes, Calico or Cilium policies with <code>garrison apply -f policies/</code>, or begin with what
          the recorded traffic needs. The guide is docs/guides/policy.md.
        </>
      }
    >
      <Link className="button" to="/policies/new" search={carried}>
        New policy
      </Link>
    </State>
  );
}
