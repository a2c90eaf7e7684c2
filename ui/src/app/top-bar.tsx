// The head: where one is, which cluster and namespace, which time, and the way to everything else.
import { Link, useRouterState } from "@tanstack/react-router";
import { ChevronRight, Monitor, Moon, Search, Sun } from "lucide-react";
import { IconButton } from "../kit/icon-button.tsx";
import { crumbOf } from "./crumb.ts";
import { usePageName } from "./page-name.ts";
import { nextChoice } from "./scheme.ts";
import { ScopePicker } from "./scope-picker.tsx";
import { screens } from "./screens.ts";
import { TimePicker } from "./time-picker.tsx";
import { chooseScheme, useSchemeChoice } from "./use-scheme.ts";
import { carried } from "./use-url-state.ts";

const isMac = navigator.userAgent.includes("Mac");

/** Pages that belong to a screen of another name. */
const homes: Readonly<Record<string, string>> = { vulnerabilities: "/images" };

export function TopBar({ onPalette }: { readonly onPalette: () => void }) {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const at = homes[path.split("/")[1] ?? ""] ?? path;
  const screen = screens.find(({ to }) => at === to || at.startsWith(`${to}/`));
  const crumb = crumbOf(path, usePageName(path));
  // One cluster's page has a namespace and a time (objects as they were then), the list of clusters has neither.
  const inCluster = screen?.to === "/clusters" && crumb !== undefined;
  const isList = screen?.scoped === true && crumb === undefined;
  return (
    <header className="top">
      <div className="crumbs">
        {screen === undefined ? <h1>Garrison</h1> : null}
        {screen !== undefined && crumb === undefined ? <h1>{screen.label}</h1> : null}
        {screen !== undefined && crumb !== undefined ? (
          <>
            <Link to={screen.to} search={carried}>
              {screen.label}
            </Link>
            <ChevronRight aria-hidden="true" />
            <h1 title={crumb.title}>{crumb.text}</h1>
          </>
        ) : null}
      </div>
      <div className="top-tools">
        {isList ? <ScopePicker field="cluster" /> : null}
        {isList || inCluster ? <ScopePicker field="ns" /> : null}
        {screen?.scoped === true || inCluster ? <TimePicker /> : null}
        <button type="button" className="search-button" onClick={onPalette}>
          <Search aria-hidden="true" />
          <span>Search</span>
          <kbd>{isMac ? "⌘K" : "Ctrl K"}</kbd>
        </button>
        <ThemeButton />
      </div>
    </header>
  );
}

const schemeLabels = { auto: "follows the system", light: "light", dark: "dark" } as const;

function ThemeButton() {
  const choice = useSchemeChoice();
  const icons = { auto: <Monitor />, light: <Sun />, dark: <Moon /> } as const;
  const next = nextChoice[choice];
  return (
    <IconButton
      label={`Theme: ${schemeLabels[choice]}. Change to: ${schemeLabels[next]}`}
      onClick={() => chooseScheme(next)}
    >
      {icons[choice]}
    </IconButton>
  );
}
