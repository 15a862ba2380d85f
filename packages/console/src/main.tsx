import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { mayRepeat } from "./data/may-repeat.ts";
import { listen } from "./data/live.ts";
import { router } from "./router.tsx";
import { listenToKeys } from "./shell/keys.ts";
import "@fontsource-variable/inter/opsz.css";
import "./theme/index.css";

const client = new QueryClient({
  defaultOptions: { queries: { staleTime: 30_000, retry: mayRepeat } },
});
listen(client);
listenToKeys();

const root = document.querySelector("#root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      {/* No style element is put into the page: what Mantine would write there is in `theme/mantine.css`. */}
      <MantineProvider defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
        <QueryClientProvider client={client}>
          <Notifications position="bottom-right" />
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
