// What is kept, how much of it and for how long.
import type { Status } from "../../../../src/apps/server/contract/health.ts";
import { Age } from "../../kit/age.tsx";
import { formatBytes, formatCount } from "../../kit/format.ts";

export function StoreTables({ status: { store } }: { readonly status: Status }) {
  const used = store.tables.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <section className="card" aria-labelledby="store-title">
      <h2 id="store-title">Store</h2>
      <dl className="facts">
        <div>
          <dt>Engine</dt>
          <dd>{store.kind === "embedded" ? `embedded ${store.engine}` : store.engine}</dd>
        </div>
        <div>
          <dt>Used</dt>
          <dd>{formatBytes(used)}</dd>
        </div>
        <div>
          <dt>Disk free</dt>
          <dd>
            {formatBytes(store.diskFreeBytes)} of {formatBytes(store.diskTotalBytes)}
          </dd>
        </div>
      </dl>
      <table className="plain">
        <thead>
          <tr>
            <th>Table</th>
            <th className="end">Rows</th>
            <th className="end">Size</th>
            <th className="end">Bytes per row</th>
            <th className="end">Kept</th>
            <th className="end">Oldest</th>
            <th className="end">Newest</th>
          </tr>
        </thead>
        <tbody>
          {store.tables.map(({ table, rollup, rows, bytes, oldest, newest, days }) => (
            <tr key={table}>
              <th scope="row">
                {table} {rollup ? <small>rollup</small> : null}
              </th>
              <td className="data end">{formatCount(rows)}</td>
              <td className="data end">{formatBytes(bytes)}</td>
              <td className="data end">{rows === 0 ? "–" : (bytes / rows).toFixed(1)}</td>
              <td className="data end">{days === 0 ? "for ever" : days === 1 ? "1 day" : `${days} days`}</td>
              <td className="data end">{oldest === undefined ? "–" : <Age time={oldest} />}</td>
              <td className="data end">{newest === undefined ? "–" : <Age time={newest} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
