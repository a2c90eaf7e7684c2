// A small bar per day; the numbers are in its name.
import { useId } from "react";
import { formatCount } from "../../kit/format.ts";

const heightPx = 20;

export function DayBars({ days, counts }: { readonly days: readonly string[]; readonly counts: readonly number[] }) {
  const title = useId();
  const most = Math.max(1, ...counts);
  const text = counts.map((count, index) => `${(days[index] ?? "").slice(5, 10)}: ${formatCount(count)}`).join(", ");
  return (
    <svg className="day-bars" role="img" aria-labelledby={title} viewBox={`0 0 ${counts.length * 14} ${heightPx}`}>
      <title id={title}>{text}</title>
      {counts.map((count, index) => {
        const height = count === 0 ? 1 : Math.max(2, (count / most) * heightPx);
        return (
          <rect
            key={days[index] ?? index}
            data-none={count === 0}
            data-running={index === counts.length - 1}
            x={index * 14 + 1}
            width={11}
            y={heightPx - height}
            height={height}
          />
        );
      })}
    </svg>
  );
}
