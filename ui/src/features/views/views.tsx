// The "Views" button of a screen's head, loaded after the screen itself: nobody waits for it.
import { lazy, Suspense } from "react";
import type { ViewScreen } from "./view-text.ts";

const ViewsMenu = lazy(() => import("./views-menu.tsx").then((module) => ({ default: module.ViewsMenu })));

export function Views({ screen }: { readonly screen: ViewScreen }) {
  return (
    <Suspense fallback={<span className="views-room" />}>
      <ViewsMenu screen={screen} />
    </Suspense>
  );
}
