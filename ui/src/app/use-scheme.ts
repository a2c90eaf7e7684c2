// The colour scheme as state of the page: kept in the browser, written on the root element (tokens.css reads it there), the same in every tab.
import { useSyncExternalStore } from "react";
import { readChoice, schemeOf, type Scheme, type SchemeChoice } from "./scheme.ts";

const storageKey = "garrison-scheme";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
let choice: SchemeChoice = readChoice(savedChoice());

/** A browser that keeps nothing for this page (private, forbidden) still shows it. */
function savedChoice(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

function show(next: SchemeChoice): void {
  choice = next;
  document.documentElement.dataset["scheme"] = schemeOf(choice, system.matches);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Called once before anything is drawn. */
export function startScheme(): void {
  show(choice);
  system.addEventListener("change", () => show(choice));
  window.addEventListener("storage", ({ key, newValue }) => {
    if (key === storageKey) show(readChoice(newValue));
  });
}

/** Shows the choice and keeps it for the next visit. */
export function chooseScheme(next: SchemeChoice): void {
  try {
    localStorage.setItem(storageKey, next);
  } catch {
    // Kept for this page only.
  }
  show(next);
}

export function useSchemeChoice(): SchemeChoice {
  return useSyncExternalStore(subscribe, () => choice);
}

/** What is on screen; canvases draw anew when it changes. */
export function useScheme(): Scheme {
  return useSyncExternalStore(subscribe, () => schemeOf(choice, system.matches));
}
