// One detection on a page of its own: the same parts as in the pane, with room.
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { carried } from "../../app/use-url-state.ts";
import { DetectionDetails } from "./detection-details.tsx";
import "../../styles/detections.css";

const route = getRouteApi("/detections/$id");

export function DetectionScreen() {
  const { id } = route.useParams();
  return (
    <div className="screen detection-page">
      <nav aria-label="Back">
        <Link to="/detections" search={carried} className="back-link">
          <ArrowLeft aria-hidden="true" />
          All detections
        </Link>
      </nav>
      <DetectionDetails id={id} place="page" />
    </div>
  );
}
