import { withClient } from "../client/client.ts";
import { nameOf, shown } from "../client/fields.ts";
import { knownNames } from "../client/names.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { clockTime } from "../output/durations.ts";
import { answerList, answerOne } from "../output/lists.ts";

const TASK = { kind: "operand", about: "its id (tsk_…)" } as const;

export const taskList: Command = command({
  name: "task list",
  summary: "List tasks, the live ones and the ended",
  flags: REACH,
  examples: [{ line: "task list", does: "who works on what, and until when" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const answer = await client.json({ as: "near", path: "/v1/tasks" });
      const name = cli.out.json ? nameOf : await knownNames(client);
      answerList(cli, answer, {
        member: "tasks",
        heads: ["status", "agent", "human", "purpose", "ends", "id"],
        row: (task) => [
          shown(task["status"]),
          name(task["agent"]),
          name(task["human"]),
          shown(task["purpose"]),
          clockTime(shown(task["expiresAt"])),
          shown(task["id"]),
        ],
        none: "no tasks: `countersign mcp SERVER --agent NAME` opens one, or `countersign task open`",
      });
      return EXIT.ok;
    }),
});

export const taskShow: Command = command({
  name: "task show",
  summary: "Show one task: its chain, purpose, state and end",
  flags: { task: TASK, ...REACH },
  examples: [{ line: "task show tsk_…", does: "who stands behind this task" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const task = await client.json({ as: "near", path: `/v1/tasks/${encodeURIComponent(values.task)}` });
      const name = cli.out.json ? nameOf : await knownNames(client);
      answerOne(cli, task, [
        ["task", shown(task["id"])],
        [
          "status",
          [shown(task["status"]), task["cause"]]
            .filter(Boolean)
            .map((part) => shown(part))
            .join(": "),
        ],
        ["human", name(task["human"])],
        ["device", name(task["device"])],
        ["agent", name(task["agent"])],
        ["purpose", shown(task["purpose"])],
        ["opened", clockTime(shown(task["openedAt"]))],
        ["ends", clockTime(shown(task["expiresAt"]))],
      ]);
      return EXIT.ok;
    }),
});

export const taskEnd: Command = command({
  name: "task end",
  summary: "End a task: its credentials stop at once",
  flags: { task: TASK, ...REACH },
  examples: [{ line: "task end tsk_…", does: "the agent can do nothing under this task any more" }],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const path = `/v1/tasks/${encodeURIComponent(values.task)}/end`;
      const answer = await client.json({ as: "near", path, body: {} });
      cli.out.answer({ id: values.task, ...answer }, () => [`${values.task} has ended`]);
      return EXIT.ok;
    }),
});
