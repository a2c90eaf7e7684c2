// The server's own counters in Prometheus' text format (version 0.0.4): a few families, bounded labels.

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  count(labels: Labels): void;
  add(labels: Labels, value: number): void;
}

/** A value that is asked for when metrics are read. */
export interface Gauge {
  readonly labels?: Labels;
  readonly value: number;
}

export interface Metrics {
  readonly requests: Counter;
  readonly requestMs: Counter;
  readonly refusals: Counter;
  readonly logins: Counter;
  /** Adds a family whose values are read on demand. */
  gauge(name: string, help: string, read: () => readonly Gauge[], type?: "gauge" | "counter"): void;
  render(): string;
}

/** Label sets per family; further ones are counted together under "other". */
const seriesMax = 500;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  read(): readonly Gauge[];
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`,
  );
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

/** An empty set of counters; one per server, so that tests do not share. */
export function createMetrics(): Metrics {
  const families: Family[] = [];

  function counter(name: string, help: string): Counter {
    const series = new Map<string, { readonly labels: Labels; value: number }>();
    const overflow = { labels: { other: "true" }, value: 0 };
    families.push({
      name,
      help,
      type: "counter",
      read: () => [...series.values(), ...(overflow.value > 0 ? [overflow] : [])],
    });
    function add(labels: Labels, value: number): void {
      const key = labelText(labels);
      const known = series.get(key);
      if (known !== undefined) known.value += value;
      else if (series.size < seriesMax) series.set(key, { labels, value });
      else overflow.value += value;
    }
    return { count: (labels) => add(labels, 1), add };
  }

  return {
    requests: counter("garrison_http_requests_total", "Answered requests by operation and status"),
    requestMs: counter("garrison_http_request_milliseconds_total", "Time until the answer began, added up"),
    refusals: counter("garrison_http_refusals_total", "Requests refused before their handler, by code"),
    logins: counter("garrison_logins_total", "Exchanges of a token for a session, by outcome"),
    gauge(name, help, read, type = "gauge") {
      families.push({ name, help, type, read });
    },
    render() {
      const lines: string[] = [];
      for (const family of families) {
        lines.push(`# HELP ${family.name} ${family.help}`, `# TYPE ${family.name} ${family.type}`);
        for (const { labels, value } of family.read()) lines.push(`${family.name}${labelText(labels ?? {})} ${value}`);
      }
      return `${lines.join("\n")}\n`;
    },
  };
}
