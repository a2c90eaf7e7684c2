// The frame every screen lives in: navigation, scope and time in the head, palette and keys on top of it.
import { Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { focusFilter } from "../kit/focus.ts";
import { crumbOf } from "./crumb.ts";
import { Navigation } from "./navigation.tsx";
import { usePageName } from "./page-name.ts";
import { screens } from "./screens.ts";
import { TopBar } from "./top-bar.tsx";
import { useKeys } from "./use-keys.ts";
import { carried } from "./use-url-state.ts";

// Loaded when first opened: they bring the dialog's parts with them.
const Palette = lazy(() => import("./palette.tsx").then((module) => ({ default: module.Palette })));
const KeysHelp = lazy(() => import("./keys-help.tsx").then((module) => ({ default: module.KeysHelp })));

export function Frame() {
  const [overlay, setOverlay] = useState<"palette" | "keys" | "none">("none");
  const navigate = useNavigate();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const told = usePageName(path);
  const close = (): void => setOverlay("none");
  useEffect(() => {
    const screen = screens.find(({ to }) => path.startsWith(to));
    const name = crumbOf(path, told)?.text ?? screen?.label;
    document.title = name === undefined ? "Garrison" : `${name} · Garrison`;
  }, [path, told]);
  useKeys({
    "mod+k": () => setOverlay((before) => (before === "palette" ? "none" : "palette")),
    "?": () => setOverlay("keys"),
    "/": focusFilter,
    ...Object.fromEntries(
      screens.map(({ key, to }) => [`g ${key}`, () => void navigate({ to, search: carried })] as const),
    ),
  });
  return (
    <div className="frame">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <Navigation onKeys={() => setOverlay("keys")} />
      <TopBar onPalette={() => setOverlay("palette")} />
      <main id="main" className="main" tabIndex={-1}>
        <Outlet />
      </main>
      <Suspense>
        {overlay === "palette" ? <Palette onClose={close} onKeys={() => setOverlay("keys")} /> : null}
        {overlay === "keys" ? <KeysHelp onClose={close} /> : null}
      </Suspense>
    </div>
  );
}
