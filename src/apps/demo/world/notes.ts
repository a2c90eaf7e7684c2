// Kubernetes events of the simulated cluster: a repeated one is counted up, as the kubelet does it.
import { seconds } from "../../../edge/kube-server/store.ts";
import type { App, ObjectSink, Pod, SimNode } from "./state.ts";

const keptMax = 512;

export interface Note {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly source: string;
  /** The node whose component says it; "" for controllers. */
  readonly host: string;
}

export interface About {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface Notes {
  tell(about: About, note: Note, timeMs: number): void;
}

export function aboutPod({ namespace, name, uid }: Pod): About {
  return { apiVersion: "v1", kind: "Pod", namespace, name, uid };
}

export function aboutNode({ name }: SimNode): About {
  // The kubelet names its node as uid too.
  return { apiVersion: "v1", kind: "Node", namespace: "", name, uid: name };
}

export function aboutApp({ spec, uid }: App): About {
  return { apiVersion: "apps/v1", kind: spec.kind, namespace: spec.namespace, name: spec.name, uid };
}

export function createNotes(objects: ObjectSink): Notes {
  const known = new Map<string, { readonly name: string; readonly firstMs: number; count: number }>();
  let made = 0;
  return {
    tell(about, note, timeMs) {
      const key = `${about.kind}/${about.uid}/${note.reason}/${note.message}`;
      let entry = known.get(key);
      if (entry === undefined || timeMs - entry.firstMs > 1_800_000) {
        made += 1;
        const suffix = (Math.floor(timeMs) * 1000 + (made % 1000)).toString(16);
        entry = { name: `${about.name}.${suffix}`, firstMs: timeMs, count: 0 };
      }
      known.delete(key);
      known.set(key, entry);
      for (const oldest of known.keys()) {
        if (known.size <= keptMax) break;
        known.delete(oldest);
      }
      entry.count += 1;
      const namespace = about.namespace === "" ? "default" : about.namespace;
      objects.put("Event", {
        metadata: { name: entry.name, namespace, annotations: { "garrison.dev/simulated": "true" } },
        involvedObject: about,
        reason: note.reason,
        message: note.message,
        type: note.type,
        count: entry.count,
        firstTimestamp: seconds(entry.firstMs),
        lastTimestamp: seconds(timeMs),
        source: { component: note.source, ...(note.host === "" ? {} : { host: note.host }) },
        reportingComponent: note.source,
        reportingInstance: note.host,
        eventTime: null,
      });
    },
  };
}
