// A text editor for YAML: line numbers, folding, completion from the kinds' schemas, problems as marks at their lines.
// It lives in a shadow root: there its styles are sheets made by script, which the content policy allows. Colours are the console's variables.
import { autocompletion, completionKeymap, type Completion, type CompletionContext } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { foldGutter, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { PolicyProblem } from "../../../../src/apps/server/contract/policy-shapes.ts";
import { propertiesOf, schemaAt, valuesOf, yamlPlace, type YamlPlace } from "./yaml-path.ts";

type Kinds = ResponseOf<Api["policySchema"]>["kinds"];

interface YamlEditorProps {
  readonly label: string;
  /** Another `start` replaces what is in the editor. */
  readonly start: string;
  readonly onChange: (text: string) => void;
  readonly kinds: Kinds;
  readonly problems: readonly PolicyProblem[];
  readonly isReadOnly: boolean;
}

const colours = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--surface-1)", color: "var(--text-1)", fontSize: "12.5px" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--font-data)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--text-1)" },
  ".cm-cursor": { borderLeftColor: "var(--text-1)" },
  ".cm-gutters": { backgroundColor: "var(--surface-1)", color: "var(--text-3)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--surface-2)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--surface-3) !important" },
  ".cm-tooltip": {
    backgroundColor: "var(--surface-1)",
    color: "var(--text-1)",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--radius)",
    boxShadow: "var(--shadow)",
  },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--accent-text)" },
  // The package's own marks are images in data: addresses, which the content policy refuses.
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad) 1px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warning) 1px" },
  ".cm-lintRange-info, .cm-lintRange-hint": { backgroundImage: "none", textDecoration: "underline dotted var(--info)" },
  ".cm-lint-marker": { width: "0.9em", textAlign: "center" },
  ".cm-lint-marker-error": { content: "normal", color: "var(--bad)" },
  ".cm-lint-marker-warning": { content: "normal", color: "var(--warning)" },
  ".cm-lint-marker-info": { content: "normal", color: "var(--info)" },
  ".cm-lint-marker::before": { content: '"●"' },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warning)" },
});

const highlights = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--info)" },
  { tag: [tags.string, tags.content], color: "var(--text-1)" },
  { tag: [tags.number, tags.bool, tags.keyword], color: "var(--special)" },
  { tag: tags.comment, color: "var(--text-3)", fontStyle: "italic" },
  { tag: [tags.separator, tags.punctuation, tags.meta], color: "var(--text-3)" },
]);

export function YamlEditor({ label, start, onChange, kinds, problems, isReadOnly }: YamlEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  // The editor outlives renders: what it calls is looked up when it is called.
  const now = useRef({ onChange, kinds });
  now.current = { onChange, kinds };
  const access = useRef(new Compartment());
  useEffect(() => {
    if (host.current === null) return;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: "open" });
    const editor = new EditorView({
      parent: root,
      root,
      state: EditorState.create({
        extensions: [
          lineNumbers(),
          foldGutter(),
          lintGutter(),
          history(),
          drawSelection(),
          indentOnInput(),
          highlightActiveLine(),
          yaml(),
          colours,
          syntaxHighlighting(highlights),
          autocompletion({ override: [(context) => complete(context, now.current.kinds)], icons: false }),
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
          EditorView.contentAttributes.of({ "aria-label": label }),
          access.current.of([]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) now.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, [label]);
  useEffect(() => {
    view.current?.dispatch({ effects: access.current.reconfigure(EditorState.readOnly.of(isReadOnly)) });
  }, [isReadOnly]);
  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || editor.state.doc.toString() === start) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: start } });
  }, [start]);
  useEffect(() => {
    const editor = view.current;
    if (editor === undefined) return;
    editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(editor.state, problems)));
  }, [problems]);
  return <div ref={host} className="yaml-editor" />;
}

const severities = { error: "error", warning: "warning", note: "info" } as const;

function diagnosticsOf(state: EditorState, problems: readonly PolicyProblem[]): Diagnostic[] {
  return problems
    .filter(({ line }) => line >= 1 && line <= state.doc.lines)
    .map(({ line, severity, message, hint }) => {
      const { from, to, text } = state.doc.line(line);
      const lead = text.length - text.trimStart().length;
      return { from: from + lead, to, severity: severities[severity], message: [message, hint].join(" ").trim() };
    });
}

function complete(context: CompletionContext, kinds: Kinds) {
  const line = context.state.doc.lineAt(context.pos);
  const place = yamlPlace(context.state.doc.toString(), line.number - 1, context.pos - line.from);
  if (place.typed === "" && !context.explicit) return null;
  const options = optionsAt(place, kinds);
  return options.length === 0 ? null : { from: line.from + place.column, options };
}

function optionsAt(place: YamlPlace, kinds: Kinds): Completion[] {
  if (place.path.length === 0 && place.wants.what === "value") {
    if (place.wants.key === "kind")
      return kinds
        .filter(({ apiVersion }) => place.apiVersion === "" || apiVersion === place.apiVersion)
        .map(({ kind, summary }) => ({ label: kind, detail: summary }));
    if (place.wants.key === "apiVersion")
      return [...new Set(kinds.map(({ apiVersion }) => apiVersion))].map((label) => ({ label }));
  }
  const kind = kinds.find((each) => each.kind === place.kind && each.apiVersion === place.apiVersion);
  const levels = kind === undefined ? [] : schemaAt(kind.schema, place.path);
  if (place.wants.what === "value") {
    const { key } = place.wants;
    const values = levels.flatMap((level) => schemaAt(level, [key]).flatMap(valuesOf));
    return [...new Set(values)].map((label) => ({ label }));
  }
  const keys = kind === undefined && place.path.length === 0 ? ["apiVersion", "kind"] : [];
  const known = [...keys, ...levels.flatMap((level) => Object.keys(propertiesOf(level)))];
  return [...new Set(known)].map((label) => ({ label, apply: `${label}: ` }));
}
