// An address that is no screen.
import { Link } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { State } from "../kit/states.tsx";

export function NotFound() {
  return (
    <State
      icon={<Compass />}
      title="There is no such screen"
      hint="The address may come from another version of Garrison."
    >
      <Link className="button" to="/overview">
        Go to the overview
      </Link>
    </State>
  );
}
