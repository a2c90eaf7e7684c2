// A resource kind: a saved view of the console. A screen with its filter, time range and choices, under a name that a team shares.
import { z } from "zod";

export const View = z.strictObject({
  title: z.string().min(1).max(120),
  /** The screen's path in the console, without a query: "/graph", "/flows", ... */
  screen: z
    .string()
    .regex(/^\/[a-z-]*$/)
    .max(64),
  /** The screen's own part of the address, as in its query: { q, level, ns, ... }. */
  search: z.record(z.string().max(64), z.string().max(4096)).default({}),
});
export type View = z.infer<typeof View>;
