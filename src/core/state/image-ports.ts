// Where analyses of images are kept: one record an image digest, distinct packages ("subjects") apart with what was matched for them, so that a new advisory database asks
// each distinct package once and no image is pulled again.
import type { OperatingSystem } from "../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../model/software-package.ts";

export const imageTrusts = ["sent", "layers", "own"] as const;
export type ImageTrust = (typeof imageTrusts)[number];

/** What lists show, without opening the analysis. */
export interface ImageRecord {
  /** Names the image; see model/image-analysis.ts. */
  readonly digest: string;
  /** Names that it was analysed under, the newest first; at most 50. */
  readonly references: readonly string[];
  readonly otherDigests: readonly string[];
  readonly source: string;
  readonly operatingSystem: string;
  /** The system whose end of life counts: absent when no package of a distribution is in the image. */
  readonly system?: OperatingSystem;
  readonly layers: number;
  readonly diffIds: readonly string[];
  readonly sizeBytes: number;
  /** Undefined: not searched. */
  readonly secrets: number | undefined;
  /** Of the analysis; those of matching are the subjects'. */
  readonly gaps: number;
  /** Of the image's configuration; "" when it says none. */
  readonly createdAt: string;
  readonly analysedAtMs: number;
  readonly author: string;
  /** How far its word on names and digests goes: the server's own scan before an analysis of layers that was sent, that before folders and SBOMs. */
  readonly trust: ImageTrust;
  /** `subjects[i]` is the subject of `packages[i]`. */
  readonly subjects: Int32Array;
}

/** A package in the context that decides what matches it. */
export interface PackageSubject {
  readonly package: SoftwarePackage;
  readonly operatingSystem: OperatingSystem | undefined;
}

export interface StoredSubject extends PackageSubject {
  readonly id: number;
}

/** What matching a subject gave, as JSON of the caller's. `database`: the digest it was matched with. */
export interface SubjectResult {
  readonly id: number;
  readonly database: string;
  readonly result: string;
}

export interface ImageRecords {
  /** Puts or replaces. The analysis is opaque bytes. Throws Fault "state/too-many-images" beyond `imagesMax`, "state/too-large" beyond `analysisBytesMax`. */
  put(record: ImageRecord, analysis: Uint8Array): Promise<void>;
  /** All of them, in no order; without analyses. */
  list(): Promise<readonly ImageRecord[]>;
  analysis(digest: string): Promise<Uint8Array | undefined>;
  remove(digest: string): Promise<boolean>;
  /** The ids of subjects by their keys, new ones made; in the order given. Equal keys mean equal subjects. */
  subjectIds(
    subjects: readonly { readonly key: string; readonly subject: PackageSubject }[],
  ): Promise<readonly number[]>;
  /** Rising by id, from after `afterId`. */
  subjects(afterId: number, limit: number): Promise<readonly StoredSubject[]>;
  putResults(results: readonly SubjectResult[]): Promise<void>;
  /** Those that have a result, in no order. */
  results(ids: readonly number[]): Promise<readonly SubjectResult[]>;
  /** Removes subjects of no image in `used`, with their results; how many. */
  sweepSubjects(used: ReadonlySet<number>): Promise<number>;
}
