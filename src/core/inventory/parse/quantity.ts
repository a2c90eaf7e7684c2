// Quantities as Kubernetes writes them: "500m", "16Gi", "1e3", "1.5".

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const pattern = /^(\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE]([+-]?\d{1,2}))?([numkMGTPE]|[KMGTPE]i)?$/;

/** The quantity as a number; 0 for anything else. */
export function quantity(value: unknown): number {
  if (typeof value === "number") return Number.isFinite(value) && value > 0 ? value : 0;
  if (typeof value !== "string" || value.length > 64) return 0;
  const match = pattern.exec(value);
  if (match === null) return 0;
  return Number(match[1]) * 10 ** Number(match[2] ?? 0) * (factors[match[3] ?? ""] ?? 1);
}

/** A whole number that JSON and the model can carry. */
export function wholeQuantity(value: unknown, factor = 1): number {
  const number = Math.round(quantity(value) * factor);
  return Number.isSafeInteger(number) ? number : Number.MAX_SAFE_INTEGER;
}
