// Where the keyboard goes on "/": the screen's filter, if it has one.

export const filterInputId = "filter-input";

export function focusFilter(): void {
  const input = document.getElementById(filterInputId);
  if (!(input instanceof HTMLInputElement)) return;
  input.focus();
  input.setSelectionRange(input.value.length, input.value.length);
}
