// The mark: a tower that is a shield.

export function Mark({ size = 22 }: { readonly size?: number }) {
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d="M4 3h4v3h2.500V3h3v3H16V3h4v9c0 5-3.600 8.200-8 9.500C7.600 20.200 4 17 4 12z" />
    </svg>
  );
}
