// The flat thing that rules are judged on: one fact of a sensor or of an audit log, in Falco's words. One object is filled again and again.
import type { DetectMachine, DetectSubject, RuleSource } from "./contract.ts";
import type { DescriptorFacts } from "../sense/deed-events.ts";
import type { SensorEvent, SocketTuple } from "../sense/sensor.ts";
import type { ProcessFacts } from "./process/facts.ts";

export interface DetectEvent {
  source: RuleSource;
  /** Falco's evt.type. */
  type: string;
  timeMs: number;
  /** From 1, in the order of arrival. */
  number: number;
  process: ProcessFacts;
  subject: DetectSubject;
  /** As the call returned; below 0 an errno. */
  result: number;
  descriptorKind: DescriptorFacts["kind"] | "";
  /** -1: the call failed or there is none. A descriptor whose number is not told counts as 3: not one of the standard ones. */
  descriptorNumber: number;
  /** The file's path, resolved by the kernel; "" for none. */
  path: string;
  requestedPath: string;
  targetPath: string;
  flags: number;
  mode: number;
  tuple: SocketTuple | undefined;
  protocol: DescriptorFacts["protocol"];
  /** The side of the process. */
  role: "client" | "server" | "";
  count: number;
  raw: SensorEvent | undefined;
  /** An audit.k8s.io event. */
  audit: unknown;
  /** Values by field name, of an event that came so ("proc.name": "bash"); then they are all that is known. */
  flat: Readonly<Record<string, unknown>> | undefined;
  machine: DetectMachine;
  /** Names that DNS answers gave for an address; undefined when no answer was seen. */
  namesOf: ((address: string) => readonly string[] | undefined) | undefined;
}

export type Value = string | number | boolean | readonly (string | number)[] | undefined;
export type ReadValue = (event: DetectEvent) => Value;
export type Predicate = (event: DetectEvent) => boolean;
