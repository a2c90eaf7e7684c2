// A piece of software that an image, a folder or an SBOM holds: what it is, where it was seen, who put it there.
import { z } from "zod";

/** How it is known. installed: code that is there. declared: a lock or manifest names it, no code was seen. development: the same, for building and testing only. */
export const packageScopes = ["installed", "declared", "development"] as const;

export const evidenceKinds = ["database", "manifest", "lockfile", "archive", "binary", "sbom"] as const;

export const Evidence = z.object({
  /** Absolute inside the image, "!/" between an archive and what is in it: "/app/a.jar!/lib/b.jar". */
  path: z.string().max(8192),
  /** Index into the image's layers; -1 when there are none or it is not known. */
  layer: z.int().min(-1).default(-1),
  /** 0: no line. */
  line: z.int().min(0).default(0),
  kind: z.enum(evidenceKinds),
});
export type Evidence = z.infer<typeof Evidence>;

export const SoftwarePackage = z.object({
  /** The package URL's type: deb, apk, rpm, npm, pypi, golang, maven, gem, cargo, composer, nuget, bitnami, generic (a classified binary), ... */
  type: z.string().regex(/^[a-z][a-z0-9.+-]{0,63}$/),
  /** As in a package URL, decoded: "debian", "@angular", "org.apache.logging.log4j", "github.com/gin-gonic"; "" for none. */
  namespace: z.string().max(1024).default(""),
  name: z.string().min(1).max(1024),
  /** Of deb and rpm with the epoch ("1:2.3-4"), when it is not 0. "" when nothing said it: then nothing can be matched, and that is a gap. */
  version: z.string().max(1024).default(""),
  architecture: z.string().max(64).default(""),
  /** What the distribution's advisories speak of: source package (deb), origin (apk), source rpm. Absent: the same as the package. */
  source: z.object({ name: z.string().min(1).max(1024), version: z.string().max(1024) }).optional(),
  /** rpm's modularity label, "nodejs:18"; "" for none. */
  module: z.string().max(256).default(""),
  licenses: z.array(z.string().max(1024)).max(100).default([]),
  /** CPE 2.3 names, of classified binaries and of SBOMs. */
  cpes: z.array(z.string().max(1024)).max(100).default([]),
  /** Other qualifiers of its package URL: "distro", "classifier", ... Names sorted. */
  qualifiers: z.record(z.string(), z.string().max(1024)).default({}),
  scope: z.enum(packageScopes).default("installed"),
  /** Package URL of the distribution's package that owns the file it was found in; "" when none does, or ownership is not known (a gap says so). */
  ownedBy: z.string().max(4096).default(""),
  /** Who built it, in its database's words: rpm's Vendor, dpkg's Vendor or else its Maintainer with the address. Of an owned package: its owner's. Absent: nobody says. */
  vendor: z.string().max(256).optional(),
  /** The unit that found it: "deb/dpkg", "npm/lock", ...; "sbom" when it was read from one. */
  cataloger: z.string().max(64),
  evidence: z.array(Evidence).max(200).default([]),
});
export type SoftwarePackage = z.infer<typeof SoftwarePackage>;
