import { isJsonObject, type Json, type JsonObject } from "@countersign/core";
import { withClient } from "../client/client.ts";
import { nameOf, shown } from "../client/fields.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { UsageError } from "../command/usage-error.ts";
import { clockTime } from "../output/durations.ts";
import { answerList } from "../output/lists.ts";
import { aligned } from "../output/table.ts";
import { visible } from "../output/visible-text.ts";

const STATES = ["pending", "approved", "denied", "expired", "consumed", "void"];
const APPROVAL = { kind: "operand", about: "its id (apr_…)" } as const;

export const approvalsList: Command = command({
  name: "approvals list",
  summary: "List approvals: by default those that wait",
  flags: { state: { kind: "text", value: "STATE", about: `${STATES.join(", ")} (default pending)` }, ...REACH },
  examples: [
    { line: "approvals list", does: "what waits for a signature" },
    { line: "approvals list --state denied --json", does: "what was denied, for a program" },
  ],
  run: async (values, cli) => {
    const state = values.state ?? "pending";
    if (!STATES.includes(state))
      throw new UsageError(`\`${state}\` is no state: use ${STATES.join(", ")}`, "approvals list");
    return await withClient(values, cli, async (client) => {
      answerList(cli, await client.json({ as: "near", path: `/v1/approvals?state=${state}` }), {
        member: "approvals",
        heads: ["id", "state", "what", "ends"],
        row: (one) => [
          shown(one["id"]),
          shown(one["state"]),
          shown(display(one)["sentence"]),
          clockTime(shown(one["expiresAt"])),
        ],
        none: state === "pending" ? "nothing waits for a signature" : `no approval is ${state}`,
      });
      return EXIT.ok;
    });
  },
});

export const approvalsShow: Command = command({
  name: "approvals show",
  summary: "Show one approval with its exact content; control characters are spelled out",
  flags: { approval: APPROVAL, ...REACH },
  examples: [{ line: "approvals show apr_…", does: "who wants to do what, and why it waits" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const view = await client.json({ as: "near", path: `/v1/approvals/${encodeURIComponent(values.approval)}` });
      cli.out.answer(view, () => pageOf(view));
      return EXIT.ok;
    }),
});

export const approvalsDeny: Command = command({
  name: "approvals deny",
  summary: "Deny an approval: what waits for it will not be done",
  flags: {
    approval: APPROVAL,
    reason: { kind: "text", value: "TEXT", about: "why: the agent is told", required: true },
    ...REACH,
  },
  examples: [{ line: 'approvals deny apr_… --reason "wrong folder"', does: "the held call is refused" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const path = `/v1/approvals/${encodeURIComponent(values.approval)}/deny`;
      const answer = await client.json({ as: "near", path, body: { reason: values.reason } });
      cli.out.answer({ id: values.approval, state: "denied", ...answer }, () => [`${values.approval} is denied`]);
      return EXIT.ok;
    }),
});

function pageOf(view: JsonObject): string[] {
  const show = display(view);
  return [
    visible(shown(show["sentence"])),
    "",
    ...aligned([
      ["state", shown(view["state"])],
      ["human", nameOf(show["human"])],
      ["device", nameOf(show["device"])],
      ["agent", nameOf(show["agent"])],
      ["task", nameOf(show["task"])],
      ["action", shown(show["action"])],
      ["resource", shown(show["resource"])],
      ["effect", shown(show["effect"])],
      ...objectsOf(view["holds"]).map((hold) => ["waits", shown(hold["reason"])]),
      ...objectsOf(view["progress"]).map((hold) => ["signed", signedOf(hold)]),
      ...objectsOf([view["bound"] ?? null]).map((bound) => ["used", usesOf(bound)]),
      ["ends", clockTime(shown(view["expiresAt"]))],
    ]),
    ...notesOf(view),
    "",
    // The exact bytes that are signed, in one piece: nothing is left out.
    visible(shown(show["content"])),
    ...(view["state"] === "pending" ? ["", `sign: countersign approve ${shown(view["id"])}`] : []),
  ];
}

function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((one): one is JsonObject => isJsonObject(one)) : [];
}

/** How many of those who must sign have, by name. */
function signedOf(hold: JsonObject): string {
  const signed = objectsOf(hold["signed"]);
  const names = signed.map((one) => shown(one["name"])).join(", ");
  return `${String(signed.length)} of ${shown(hold["quorum"])}${names === "" ? "" : ` (${names})`}, needs ${shown(hold["approvers"])}`;
}

function usesOf(bound: JsonObject): string {
  return `${shown(bound["used"])} of ${shown(bound["uses"])}, until ${clockTime(shown(bound["until"]))}`;
}

function notesOf({ notes }: JsonObject): string[] {
  const lines = Array.isArray(notes) ? notes.map((note) => `! ${visible(shown(note))}`) : [];
  return lines.length === 0 ? [] : ["", ...lines];
}

function display(view: JsonObject): JsonObject {
  const show = view["display"];
  return isJsonObject(show) ? show : {};
}
