// Rights of workloads and profiles: the operations of contract/profiles.ts. Nothing here changes anything.
import type { profiles } from "../contract/profiles.ts";
import type { HandlersOf } from "../http/calls.ts";
import { listPostures, workloadPosture, type ProfileParts } from "../runtime/posture-desk.ts";
import { workloadLearnt, workloadProfile } from "../runtime/profile-desk.ts";

export function profileHandlers(parts: ProfileParts): HandlersOf<keyof typeof profiles> {
  return {
    listPostures: ({ query }) => listPostures(parts, query),
    workloadPosture: ({ params, query }) => workloadPosture(parts, params, query),
    workloadLearnt: ({ params, query }) => workloadLearnt(parts, params, query),
    workloadProfile: ({ params, query }) => workloadProfile(parts, params, query),
  };
}
