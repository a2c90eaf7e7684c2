// The console's entry: styles, providers, router. The only file that imports CSS and touches #root.
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/filter.css";
import "./styles/grid.css";
import "./styles/panels.css";
import "./styles/overview.css";
import "./styles/workload.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "./api/client.ts";
import { Gate } from "./app/gate.tsx";
import { router } from "./app/router.tsx";
import { startScheme } from "./app/use-scheme.ts";

const root = document.querySelector("#root");
if (root === null) throw new Error("index.html has no #root");

startScheme();
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <Gate>
        <RouterProvider router={router} />
      </Gate>
    </QueryClientProvider>
  </StrictMode>,
);
