// What a kubelet asks an application about its health with: a request in which there is no place for an attack.

const pathMax = 128;
/** Segments of letters, digits, "-", "_" and inner dots: nothing hidden, nothing relative, nothing encoded. */
const plainPath = /^(\/([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)?)+$/;

const expected: Readonly<Record<string, RegExp>> = {
  host: /^[A-Za-z0-9.:[\]-]{1,80}$/,
  "user-agent": /^kube-probe\/[0-9][0-9.+]{0,15}$/,
  accept: /^\*\/\*$/,
  connection: /^close$/i,
  "accept-encoding": /^gzip$/,
};

/**
 * Whether it is a kubelet's HTTP probe as it comes without headers of a manifest: GET of a plain path, no query, no body, only the kubelet's own headers, each
 * once and with the values it sends. Who sends it does not make it one: that is to be asked beside this.
 */
export function isPlainProbe(head: {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}): boolean {
  if (head.method !== "GET" || head.target.length > pathMax || !plainPath.test(head.target)) return false;
  const seen = new Set<string>();
  for (const [name, value] of head.headers) {
    const lower = name.toLowerCase();
    if (!Object.hasOwn(expected, lower) || seen.has(lower) || expected[lower]?.test(value) !== true) return false;
    seen.add(lower);
  }
  return seen.has("user-agent");
}
