// All layers of a container, in the order of the model. A new layer is one entry of a list, and its name in the model.
import type { PostureLayer } from "../../../model/posture.ts";
import { confinementLayers } from "./confinement-layers.ts";
import { identityLayers } from "./identity-layers.ts";
import { notUsed, type LayerInput } from "./layer-input.ts";
import { surfaceLayers } from "./surface-layers.ts";

export const layerMakers = [...identityLayers, ...confinementLayers, ...surfaceLayers];

/** Declared, effective and used of each layer, with what follows. Never throws; what is missing is said in the value itself. */
export function layersOf(input: LayerInput): PostureLayer[] {
  return layerMakers.map(({ layer, title, make }) => {
    const { declared, effective, used = notUsed, verdict, note = "", advice = "" } = make(input);
    return { layer, title, declared, effective, used, verdict, note, advice };
  });
}
