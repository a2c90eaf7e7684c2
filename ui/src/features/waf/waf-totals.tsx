// The head of the WAF screen: how many requests met which fate, and when. The chart's numbers stand in a table for those who do not see it.
import { useId } from "react";
import { formatCount, formatDateTime } from "../../kit/format.ts";
import { countNames, countsText, sumOf, verdictWords, type WafBoard } from "./waf-words.ts";

const heightPx = 56;

export function WafTotals({ board }: { readonly board: WafBoard }) {
  return (
    <div className="waf-head">
      <dl className="waf-totals">
        {countNames.map((name) => (
          <div key={name} data-verdict={name}>
            <dt>{verdictWords[name]}</dt>
            <dd>{formatCount(board.totals[name])}</dd>
          </div>
        ))}
      </dl>
      <Bars board={board} />
    </div>
  );
}

function Bars({ board }: { readonly board: WafBoard }) {
  const { buckets } = board;
  const title = useId();
  const most = Math.max(1, ...buckets.map(({ counts }) => sumOf(counts)));
  return (
    <svg
      className="waf-bars"
      role="img"
      aria-labelledby={title}
      viewBox={`0 0 ${Math.max(1, buckets.length) * 10} ${heightPx}`}
      preserveAspectRatio="none"
    >
      <title
        id={title}
      >{`Requests over time: ${countsText(board.totals)}; most in one step: ${formatCount(most)}`}</title>
      {buckets.flatMap(({ at, counts }, index) => {
        let y = heightPx;
        return countNames.map((name) => {
          const height = (counts[name] / most) * heightPx;
          y -= height;
          return height === 0 ? null : (
            <rect key={`${at} ${name}`} data-verdict={name} x={index * 10 + 1} width={8} y={y} height={height}>
              <title>{`${formatDateTime(at)}: ${countsText(counts)}`}</title>
            </rect>
          );
        });
      })}
    </svg>
  );
}
