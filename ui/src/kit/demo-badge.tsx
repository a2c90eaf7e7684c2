// The word beside everything that a simulated cluster shows: nothing of it is real.

export function DemoBadge({ simulated }: { readonly simulated: boolean | undefined }) {
  if (simulated !== true) return null;
  return (
    <span className="badge badge-demo" title="A demonstration: nothing in this cluster is real">
      demo
    </span>
  );
}
