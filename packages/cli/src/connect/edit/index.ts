/**
 * Changes a configuration file of another program without damaging it. Only what an edit names changes; every other byte stays.
 *
 *     const plan = planEdits({ path, format: "json" }, [{ kind: "set", path: ["hooks"], value }], place);
 *     for (const line of showPlan(plan)) …          // secrets masked
 *     writePlans([plan]);                    // backup, then one atomic replacement
 *     undoEdits(place);                              // everything that was written for this owner, or only for `files`
 */
export { type Edit, type Path, pathText, valueAt } from "./edit.ts";
export { type DiffLine, showPlan } from "./diff.ts";
export { type EditFile, type EditPlace, type FormatName, readConfig } from "./config-file.ts";
export { type EditPlan, planEdits, writePlans } from "./plan.ts";
export { undoEdits } from "./undo.ts";
