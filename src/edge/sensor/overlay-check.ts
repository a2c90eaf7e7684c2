// Whether the programs read an overlay's writable layer rightly in this kernel: asked about two files of an overlay made for the purpose.
import { closeSync, mkdirSync, openSync, statSync, writeFileSync } from "node:fs";
import type { BpfObject } from "./bpf-object.ts";
import { closeDescriptor, mountDetached } from "./detached-mounts.ts";

/** right: both answers are true. wrong: the mark must not be believed. untried: no overlay could be made here, with the reason. */
export type OverlayCheck =
  | { readonly state: "right" }
  | { readonly state: "wrong" | "untried"; readonly because: string };

const answerBytes = 16;
const answersMax = 4096;

/** Never throws. The overlay stands nowhere in the machine's tree and is gone when this returns. */
export function checkOverlay(object: BpfObject): OverlayCheck {
  const closing: (() => void)[] = [];
  const keep = (descriptor: number, close: (descriptor: number) => void): number => {
    closing.push(() => close(descriptor));
    return descriptor;
  };
  try {
    const memory = mountDetached("tmpfs");
    if (typeof memory === "string") return { state: "untried", because: `tmpfs: ${memory}` };
    const root = `/proc/self/fd/${keep(memory, closeDescriptor)}`;
    for (const folder of ["lower", "upper", "work"]) mkdirSync(`${root}/${folder}`);
    writeFileSync(`${root}/lower/of-image`, "");
    writeFileSync(`${root}/upper/dropped`, "");
    const merged = mountDetached("overlay", {
      lowerdir: `${root}/lower`,
      upperdir: `${root}/upper`,
      workdir: `${root}/work`,
    });
    if (typeof merged === "string") return { state: "untried", because: `overlay: ${merged}` };
    const place = `/proc/self/fd/${keep(merged, closeDescriptor)}`;
    for (const name of ["of-image", "dropped"]) keep(openSync(`${place}/${name}`, "r"), closeSync);
    const marks = marksOf(object.readIterator("on_overlay_asked", answerBytes * answersMax));
    const markOf = (name: string): boolean | undefined => marks.get(BigInt(statSync(`${place}/${name}`).ino));
    const [image, dropped] = [markOf("of-image"), markOf("dropped")];
    if (image === false && dropped === true) return { state: "right" };
    return { state: "wrong", because: `an image's file is said to be ${said(image)}, a dropped one ${said(dropped)}` };
  } catch (error) {
    return { state: "untried", because: error instanceof Error ? error.message : String(error) };
  } finally {
    for (const close of closing.reverse()) close();
  }
}

function marksOf(answers: Uint8Array): ReadonlyMap<bigint, boolean> {
  const view = new DataView(answers.buffer, answers.byteOffset, answers.byteLength);
  const marks = new Map<bigint, boolean>();
  for (let at = 0; at + answerBytes <= answers.byteLength; at += answerBytes)
    marks.set(view.getBigUint64(at, true), view.getBigUint64(at + 8, true) === 1n);
  return marks;
}

function said(mark: boolean | undefined): string {
  if (mark === undefined) return "no overlay's";
  return mark ? "of the writable layer" : "of the image";
}
