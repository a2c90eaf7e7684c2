// Why findings may be missing: no database, an old one, a feed in trouble, clusters whose images are not known.
import { useNow } from "../../kit/use-now.ts";
import { Notice, sentence } from "../../kit/states.tsx";
import { databaseWorries, type DatabaseState } from "./image-words.ts";

interface DatabaseNoticesProps {
  readonly database: DatabaseState;
  readonly more?: readonly string[];
}

const noticesShown = 3;

export function DatabaseNotices({ database, more = [] }: DatabaseNoticesProps) {
  const nowMs = useNow();
  const worries = [...databaseWorries(database, nowMs), ...more];
  const rest = worries.length - noticesShown;
  return (
    <>
      {worries.slice(0, noticesShown).map((worry) => (
        <Notice key={worry} tone="warning">
          {sentence(worry)}
        </Notice>
      ))}
      {rest <= 0 ? null : (
        <Notice tone="warning">
          {rest === 1 ? "One more thing" : `${rest} more things`} may be missing: see the advisories.
        </Notice>
      )}
    </>
  );
}
