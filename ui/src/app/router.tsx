// The routes: one line per screen, each its own chunk. Search parameters are the typed URL state of url-state.ts.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { TroubleState } from "../kit/states.tsx";
import { troubleOf } from "../api/trouble.ts";
import { Frame } from "./frame.tsx";
import { NotFound } from "./not-found.tsx";
import { parseSearch, readUrlState, stringifySearch } from "./url-state.ts";

const rootRoute = createRootRoute({ validateSearch: readUrlState, component: Frame, notFoundComponent: NotFound });

const indexRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: ({ search }) => {
    // eslint-disable-next-line typescript/only-throw-error -- the router's own way to redirect
    throw redirect({ to: "/overview", search, replace: true });
  },
});

const overviewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/overview",
  component: lazyRouteComponent(() => import("../features/overview/overview-screen.tsx"), "OverviewScreen"),
});

const graphRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/graph",
  component: lazyRouteComponent(() => import("../features/graph/graph-screen.tsx"), "GraphScreen"),
});

const flowsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/flows",
  component: lazyRouteComponent(() => import("../features/flows/flows-screen.tsx"), "FlowsScreen"),
});

const eventsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/events",
  component: lazyRouteComponent(() => import("../features/events/events-screen.tsx"), "EventsScreen"),
});

const workloadsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workloads",
  component: lazyRouteComponent(() => import("../features/workloads/workloads-screen.tsx"), "WorkloadsScreen"),
});

const workloadRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workloads/$cluster/$namespace/$kind/$name",
  component: lazyRouteComponent(() => import("../features/workload/workload-screen.tsx"), "WorkloadScreen"),
});

const clustersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/clusters",
  component: lazyRouteComponent(() => import("../features/clusters/clusters-screen.tsx"), "ClustersScreen"),
});

const clusterRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/clusters/$cluster",
  component: lazyRouteComponent(() => import("../features/clusters/cluster-screen.tsx"), "ClusterScreen"),
});

const policiesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/policies",
  component: lazyRouteComponent(() => import("../features/policies/board-screen.tsx"), "BoardScreen"),
});

const newPolicyRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/policies/new",
  component: lazyRouteComponent(() => import("../features/policies/new-policy-screen.tsx"), "NewPolicyScreen"),
});

const policyRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/policies/$cluster/$dialect/$kind/$namespace/$name",
  component: lazyRouteComponent(() => import("../features/policies/policy-screen.tsx"), "PolicyScreen"),
});

const detectionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/detections",
  component: lazyRouteComponent(() => import("../features/detections/detections-screen.tsx"), "DetectionsScreen"),
});

const detectionRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/detections/$id",
  component: lazyRouteComponent(() => import("../features/detections/detection-screen.tsx"), "DetectionScreen"),
});

const baselinesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/baselines",
  component: lazyRouteComponent(() => import("../features/baselines/baselines-screen.tsx"), "BaselinesScreen"),
});

const baselineRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/baselines/$cluster/$namespace/$kind/$image/$name",
  component: lazyRouteComponent(() => import("../features/baselines/baseline-screen.tsx"), "BaselineScreen"),
});

const wafRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/waf",
  component: lazyRouteComponent(() => import("../features/waf/waf-screen.tsx"), "WafScreen"),
});

const wafRequestRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/waf/requests/$cluster/$time/$transaction",
  component: lazyRouteComponent(() => import("../features/waf/waf-request-screen.tsx"), "WafRequestScreen"),
});

const imagesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/images",
  component: lazyRouteComponent(() => import("../features/images/images-screen.tsx"), "ImagesScreen"),
});

const imageRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/images/$digest",
  component: lazyRouteComponent(() => import("../features/images/image-screen.tsx"), "ImageScreen"),
});

const vulnerabilityRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/vulnerabilities/$id",
  component: lazyRouteComponent(() => import("../features/images/vulnerability-screen.tsx"), "VulnerabilityScreen"),
});

const outputsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/outputs",
  component: lazyRouteComponent(() => import("../features/sinks/sinks-screen.tsx"), "SinksScreen"),
});

const healthRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/health",
  component: lazyRouteComponent(() => import("../features/health/health-screen.tsx"), "HealthScreen"),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    indexRoute,
    overviewRoute,
    graphRoute,
    flowsRoute,
    eventsRoute,
    workloadsRoute,
    workloadRoute,
    clustersRoute,
    clusterRoute,
    policiesRoute,
    newPolicyRoute,
    policyRoute,
    imagesRoute,
    imageRoute,
    vulnerabilityRoute,
    detectionsRoute,
    detectionRoute,
    baselinesRoute,
    baselineRoute,
    wafRoute,
    wafRequestRoute,
    outputsRoute,
    healthRoute,
  ]),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultErrorComponent: ({ error, reset }) => <TroubleState trouble={troubleOf(error)} onRetry={reset} />,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
