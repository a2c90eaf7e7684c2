// The list of screens: a new screen is one line here, one in router.tsx. Nothing is listed before it works.
import {
  Activity,
  Boxes,
  Footprints,
  LayoutDashboard,
  ListTree,
  Network,
  Package,
  Send,
  Server,
  Shield,
  ShieldCheck,
  Siren,
  Waypoints,
  type LucideIcon,
} from "lucide-react";

export interface Screen {
  readonly to:
    | "/overview"
    | "/graph"
    | "/flows"
    | "/events"
    | "/detections"
    | "/baselines"
    | "/workloads"
    | "/clusters"
    | "/policies"
    | "/images"
    | "/waf"
    | "/outputs"
    | "/health";
  readonly label: string;
  /** Second key after "g". */
  readonly key: string;
  readonly icon: LucideIcon;
  readonly group: "Observe" | "Protect" | "Garrison";
  /** Whether the head's scope and time range mean something there. */
  readonly scoped: boolean;
}

export const screens: readonly Screen[] = [
  { to: "/overview", label: "Overview", key: "o", icon: LayoutDashboard, group: "Observe", scoped: true },
  { to: "/graph", label: "Graph", key: "s", icon: Network, group: "Observe", scoped: true },
  { to: "/flows", label: "Flows", key: "f", icon: Waypoints, group: "Observe", scoped: true },
  { to: "/events", label: "Events", key: "e", icon: ListTree, group: "Observe", scoped: true },
  { to: "/workloads", label: "Workloads", key: "w", icon: Boxes, group: "Observe", scoped: true },
  { to: "/clusters", label: "Clusters", key: "c", icon: Server, group: "Observe", scoped: false },
  { to: "/detections", label: "Detections", key: "d", icon: Siren, group: "Protect", scoped: true },
  { to: "/baselines", label: "Baselines", key: "b", icon: Footprints, group: "Protect", scoped: false },
  { to: "/policies", label: "Policies", key: "p", icon: ShieldCheck, group: "Protect", scoped: true },
  { to: "/images", label: "Images", key: "i", icon: Package, group: "Protect", scoped: false },
  { to: "/waf", label: "WAF", key: "a", icon: Shield, group: "Protect", scoped: true },
  { to: "/outputs", label: "Outputs", key: "u", icon: Send, group: "Garrison", scoped: false },
  { to: "/health", label: "Health", key: "h", icon: Activity, group: "Garrison", scoped: false },
];
