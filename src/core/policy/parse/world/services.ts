// Services and who is behind them: EndpointSlices and Endpoints as given, else the pods that the service selects.
import type { WorldEndpoint, WorldService } from "../../world.ts";
import type { BackendsPart, KindParser, ObjectHead, Output, ServicePart } from "../object.ts";
import { fields, items, type At } from "../reader.ts";
import { addressText, kubernetesProtocol, labelMap } from "../words.ts";
import { open } from "./pods.ts";

export const service: KindParser = { isNamespaced: true, isPolicy: false, parse: parseService };
export const endpointSlice: KindParser = { isNamespaced: true, isPolicy: false, parse: parseSlice };
export const endpoints: KindParser = { isNamespaced: true, isPolicy: false, parse: parseEndpoints };

function parseService({ namespace, name, top }: ObjectHead): Output {
  const spec = open(fields(top, [], "ignore")?.get("spec"));
  const given = [...items(spec?.get("clusterIPs")), ...one(spec?.get("clusterIP")), ...items(spec?.get("externalIPs"))];
  const addresses = given
    .filter(({ value }) => value !== "" && value !== "None")
    .flatMap((at) => addressText(at) ?? []);
  const selector = spec?.get("selector");
  const ports = items(spec?.get("ports")).flatMap((item) => {
    const entry = open(item);
    const protocol = kubernetesProtocol(entry?.get("protocol"));
    const port = entry?.get("port")?.value;
    const target = entry?.get("targetPort")?.value ?? port;
    if (protocol === undefined || typeof port !== "number") return [];
    return typeof target === "number" || typeof target === "string" ? [{ protocol, port, target }] : [];
  });
  const part: ServicePart = {
    namespace,
    name,
    addresses: [...new Set(addresses)],
    selector: selector === undefined ? undefined : labelMap(selector),
    ports,
  };
  return { services: [part] };
}

function one(at: At | undefined): readonly At[] {
  return at === undefined ? [] : [at];
}

function parseSlice({ namespace, metadata, top }: ObjectHead): Output {
  const name = labelMap(metadata.get("labels"))["kubernetes.io/service-name"];
  if (name === undefined) return {};
  const slice = fields(top, [], "ignore");
  const ports = numberedPorts(slice?.get("ports"));
  const addresses = items(slice?.get("endpoints")).flatMap((item) => {
    const entry = open(item);
    if (open(entry?.get("conditions"))?.get("ready")?.value === false) return [];
    return items(entry?.get("addresses"));
  });
  // Slices of type FQDN hold names; there is nothing behind them that a packet could match.
  if (slice?.get("addressType")?.value === "FQDN") return {};
  return { backends: [backends({ namespace, service: name, addresses, ports })] };
}

function parseEndpoints({ namespace, name, top }: ObjectHead): Output {
  const subsets = items(fields(top, [], "ignore")?.get("subsets"));
  return {
    backends: subsets.map((item) => {
      const subset = open(item);
      const addresses = items(subset?.get("addresses")).flatMap((entry) => one(open(entry)?.get("ip")));
      return backends({ namespace, service: name, addresses, ports: numberedPorts(subset?.get("ports")) });
    }),
  };
}

interface Port {
  readonly protocol: number;
  readonly port: number;
}

function numberedPorts(at: At | undefined): readonly Port[] {
  return items(at).flatMap((item) => {
    const entry = open(item);
    const protocol = kubernetesProtocol(entry?.get("protocol"));
    const port = entry?.get("port")?.value;
    return protocol === undefined || typeof port !== "number" ? [] : [{ protocol, port }];
  });
}

function backends(given: {
  readonly namespace: string;
  readonly service: string;
  readonly addresses: readonly At[];
  readonly ports: readonly Port[];
}): BackendsPart {
  const { namespace, service: name, addresses, ports } = given;
  const known = addresses.flatMap((at) => addressText(at) ?? []);
  return {
    namespace,
    service: name,
    backends: known.flatMap((address) => ports.map((port) => ({ address, ...port }))),
  };
}

/** Services with their backends. Those that nobody wrote endpoints for get the pods that their selector selects. */
export function joinServices(
  parts: readonly ServicePart[],
  given: readonly BackendsPart[],
  pods: readonly WorldEndpoint[],
): readonly WorldService[] {
  const written = new Map<string, BackendsPart["backends"][number][]>();
  for (const part of given) {
    const key = `${part.namespace}/${part.service}`;
    const list = written.get(key) ?? [];
    list.push(...part.backends);
    written.set(key, list);
  }
  return parts.map((part) => {
    const { namespace, name, addresses } = part;
    const known = written.get(`${namespace}/${name}`);
    return { namespace, name, addresses, backends: known ?? selected(part, pods) };
  });
}

function selected(
  { namespace, selector, ports }: ServicePart,
  pods: readonly WorldEndpoint[],
): WorldService["backends"] {
  const wanted = Object.entries(selector ?? {});
  if (wanted.length === 0) return [];
  const behind = pods.filter(
    (pod) =>
      pod.kind !== "node" &&
      pod.namespace === namespace &&
      wanted.every(([key, value]) => Object.hasOwn(pod.labels, key) && pod.labels[key] === value),
  );
  return behind.flatMap((pod) =>
    ports.flatMap(({ protocol, target }) => {
      const port =
        typeof target === "number"
          ? target
          : pod.ports.find((each) => each.name === target && each.protocol === protocol)?.port;
      return port === undefined ? [] : pod.addresses.map((address) => ({ address, protocol, port }));
    }),
  );
}
