// "12 s ago", kept true, with the exact time in its title.
import { formatAgo, formatDateTime } from "./format.ts";
import { useNow } from "./use-now.ts";

export function Age({ time }: { readonly time: string }) {
  const now = useNow();
  return (
    <time dateTime={time} title={formatDateTime(time)}>
      {formatAgo(Date.parse(time), now)}
    </time>
  );
}
