// Advice on one image, with who accepted what; its base, and what another one would remove as far as that was analysed here.
import type { AdviceFinding } from "../../../core/image/advice.ts";
import type { images } from "../contract/images.ts";
import type { ResponseOf } from "../contract/endpoint.ts";
import type { ImageDesk, OpenedImage } from "./desk.ts";
import type { NamedException } from "./judge.ts";

type One = ResponseOf<typeof images.getImage>;

export function adviceOf(_opened: OpenedImage, _exceptions: readonly NamedException[]): One["advice"] {
  const found: readonly AdviceFinding[] = [];
  return found.map((each) => ({ ...each }));
}

export async function baseOf(_desk: ImageDesk, _opened: OpenedImage): Promise<One["base"]> {
  return { how: "", image: "", digest: "", layers: 0, because: "the base is not recognised yet", proposals: [] };
}
