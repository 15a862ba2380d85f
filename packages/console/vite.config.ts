import react from "@vitejs/plugin-react";
import { type UserConfig, defineConfig } from "vite";

/**
 * Built files go to `dist`: `index.html` for every route, and what it loads under `/console/`, each with its digest in its name.
 * Nothing is inlined: the page's policy (CSP) allows neither inline script nor inline style nor `data:` fonts.
 */
const config: UserConfig = defineConfig({
  plugins: [react()],
  build: {
    target: ["chrome123", "firefox121", "safari17.5"],
    assetsDir: "console",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
  },
});

export default config;
