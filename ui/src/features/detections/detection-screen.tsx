// One detection on a page of its own: the same parts as in the pane, with room.
import { getRouteApi } from "@tanstack/react-router";
import { DetectionDetails } from "./detection-details.tsx";
import "../../styles/detections.css";

const route = getRouteApi("/detections/$id");

export function DetectionScreen() {
  const { id } = route.useParams();
  return (
    <div className="screen detection-page">
      <DetectionDetails id={id} place="page" />
    </div>
  );
}
