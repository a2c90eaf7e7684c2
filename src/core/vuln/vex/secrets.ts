// Lays exceptions over the secrets of an image: nothing is taken away, a secret that somebody accepts says who, why and until when.
import type { SecretFinding } from "../../../model/image-analysis.ts";
import type { ReportedSecret } from "../../../model/vulnerability-match.ts";
import { exceptionFor, readyExceptions, suppressionBy, type NamedException } from "./exceptions.ts";
import type { SuppressionImage } from "./image-subject.ts";

/** All of them in their order. One is meant as "secret/<rule>", by its path; a scope with a package URL is never about a secret. */
export function suppressSecrets(
  secrets: readonly SecretFinding[],
  options: {
    readonly exceptions: readonly NamedException[];
    readonly image: SuppressionImage;
    readonly nowMs: number;
  },
): ReportedSecret[] {
  const ready = readyExceptions(options.exceptions, options.image, options.nowMs).filter(
    ({ spec }) => spec.status !== "under_investigation",
  );
  if (ready.length === 0) return [...secrets];
  return secrets.map((secret) => {
    const found = exceptionFor({ names: [`secret/${secret.rule}`], paths: [secret.path], package: undefined }, ready);
    return found === undefined ? secret : { ...secret, suppressed: suppressionBy(found) };
  });
}
