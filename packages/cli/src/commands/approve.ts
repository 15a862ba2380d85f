import { isId } from "@countersign/core";
import { withClient } from "../client/client.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { UsageError } from "../command/usage-error.ts";

/** `countersign approve`: opens the page. Only a passkey signs, and only a browser can ask it (INV-5). */
export const approve: Command = command({
  name: "approve",
  summary: "Open the page on which an approval is signed with a passkey",
  flags: { approval: { kind: "operand", about: "its id (apr_…)" }, ...REACH },
  examples: [{ line: "approve apr_…", does: "print the page's address, and open it where there is a display" }],
  run: async (values, cli) => {
    const { approval } = values;
    if (!isId("apr", approval)) throw new UsageError(`\`${approval}\` is no approval id (apr_…)`, "approve");
    return await withClient(values, cli, async (client) => {
      const url = `${await client.server()}/approve/${approval}`;
      const opened = cli.openPage(url);
      cli.out.answer({ approvalId: approval, url, opened }, () => [
        opened ? "The page opens in your browser:" : "Open this page:",
        "",
        `  ${url}`,
      ]);
      return EXIT.ok;
    });
  },
});
