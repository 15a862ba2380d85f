/** Folder of this package: its sources, `vite.config.ts`, and `dist` once it is built. */
export const consoleFolder: URL = new URL("../", import.meta.url);
