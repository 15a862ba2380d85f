import { type Grant, normalizeResource } from "@countersign/core";
import { coversCall } from "../covering.ts";
import { isOwnTask } from "../own-task.ts";
import { type Check, refuse } from "./step.ts";

/** A grant of the task covers action and resource, and so does the agent's own signed scope. */
export const grant: Check = ({ call, facts }) => {
  const { action, resource } = call;
  // INV-1: patterns speak of normal forms; a name with `..` in it could lead out of what a pattern covers.
  if (normalizeResource(resource) !== resource) {
    return refuse(
      "grant.missing",
      "the resource is not in its normal form, so no grant covers it; name it without `.`, `..` and `//`",
    );
  }
  const covering = (given: Grant): boolean => coversCall(given, call);
  if (facts.task?.terms.grants.some(covering) !== true) {
    return refuse(
      "grant.missing",
      `no grant of the task covers \`${action}\` on \`${resource}\`; open a task that asks for it`,
    );
  }
  // A person's own task has the bounds that were signed for it, and no others.
  if (!isOwnTask(facts.task) && facts.agent?.terms.scope.some(covering) !== true) {
    return refuse(
      "grant.missing",
      `the agent's scope does not cover \`${action}\` on \`${resource}\`; its owner must sign a wider one`,
    );
  }
  // INV-4: what was signed for unattended work bounds it, whatever the record of its task says.
  if (facts.task.terms.session === null && facts.mandate?.terms.grants.some(covering) !== true) {
    return refuse(
      "grant.missing",
      `the mandate does not cover \`${action}\` on \`${resource}\`; its owner must sign another one`,
    );
  }
  return null;
};
