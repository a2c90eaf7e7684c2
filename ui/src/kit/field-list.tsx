// Every field of a row, grouped, with names in words. Empty groups are left out; empty fields only where they mean nothing.
import type { ReactNode } from "react";

export interface Field {
  readonly name: string;
  readonly value: ReactNode;
  /** Data (addresses, ids, numbers) is set in the data font. */
  readonly data?: true;
}

export interface FieldGroup {
  readonly title: string;
  readonly fields: readonly (Field | undefined)[];
}

/** A field unless its value is empty. */
export function field(name: string, value: ReactNode, kind?: "data"): Field | undefined {
  if (value === "" || value === undefined || value === null) return undefined;
  return { name, value, ...(kind === "data" ? { data: true } : {}) };
}

export function FieldList({ groups }: { readonly groups: readonly FieldGroup[] }) {
  return groups.map(({ title, fields }) => {
    const shown = fields.filter((each) => each !== undefined);
    if (shown.length === 0) return null;
    return (
      <section key={title} className="fields">
        <h3>{title}</h3>
        <dl>
          {shown.map(({ name, value, data }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className={data ? "data" : undefined}>{value}</dd>
            </div>
          ))}
        </dl>
      </section>
    );
  });
}
