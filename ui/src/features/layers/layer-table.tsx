// The layers as a table: one row each, grouped; what is not known says why.
import { Fragment } from "react";
import { NotKnown } from "../../kit/fact.tsx";
import { grouped, itemsText, layerVerdictWords, type PostureLayer, type PostureValue } from "./layer-words.ts";

export function LayerTable({ layers }: { readonly layers: readonly PostureLayer[] }) {
  return (
    <table className="layer-table" aria-label="Layers">
      <thead>
        <tr>
          <th scope="col">Layer</th>
          <th scope="col">Declared</th>
          <th scope="col">Effective</th>
          <th scope="col">Used</th>
          <th scope="col">Verdict</th>
        </tr>
      </thead>
      <tbody>
        {grouped(layers).map(({ title, layers: own }) => (
          <Fragment key={title}>
            <tr className="layer-group">
              <th scope="rowgroup" colSpan={5}>
                {title}
              </th>
            </tr>
            {own.map((layer) => (
              <LayerRow key={layer.layer} layer={layer} />
            ))}
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}

function LayerRow({ layer }: { readonly layer: PostureLayer }) {
  const { title, declared, effective, used, verdict, note, advice } = layer;
  return (
    <tr data-verdict={verdict}>
      <th scope="row">{title}</th>
      <td>
        <Value value={declared} />
      </td>
      <td>
        <Value value={effective} />
      </td>
      <td>
        <Value value={used} />
      </td>
      <td>
        <span className="layer-verdict" data-verdict={verdict}>
          {layerVerdictWords[verdict]}
        </span>
        {note === "" ? null : <p>{note}</p>}
        {advice === "" ? null : <p className="layer-advice">{advice}</p>}
      </td>
    </tr>
  );
}

function Value({ value }: { readonly value: PostureValue }) {
  if (value.because !== "") return <NotKnown because={value.because} />;
  const items = itemsText(value);
  return (
    <span title={[value.source, ...value.items].filter((text) => text !== "").join("\n") || undefined}>
      {value.text === "" && items === "" ? <span className="none">–</span> : value.text}
      {items === "" || items === value.text ? null : <span className="layer-items">{items}</span>}
    </span>
  );
}
