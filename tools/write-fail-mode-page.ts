import { writeFileSync } from "node:fs";
import { failModePage } from "./fail-mode-page.ts";

/** Writes `docs/operate/fail-modes.md` anew; a test says when that is due. */
writeFileSync(new URL("../docs/operate/fail-modes.md", import.meta.url), failModePage());
