import type { Cli } from "../cli.ts";
import { withClient } from "../client/client.ts";
import { visible } from "../output/visible-text.ts";
import { notifyDesktop, ringBell, TerminalTitle } from "./attention.ts";
import { WaitingApprovals } from "./waiting-approvals.ts";

const LOOK_MS = 1000;

interface Place {
  readonly data: string;
  /** Address of the pages. */
  readonly api: string;
}

/**
 * While the control plane runs in this terminal: each call that waits for a person is a line with its link, the bell, the number in
 * the title, and a notification of the desktop. Ends with the signal of the process.
 */
export async function tellTerminal({ data, api }: Place, cli: Cli): Promise<void> {
  const title = new TerminalTitle(cli.stdout);
  await withClient({ data, server: api }, cli, async (client) => {
    const approvals = new WaitingApprovals(client, "local");
    let shown = 0;
    while (!cli.signal.aborted) {
      const look = await approvals.look();
      for (const one of look?.added ?? []) {
        const { warn, bold } = cli.out.paint;
        cli.stdout.write(
          `  ${warn("Waits")}     ${visible(one.sentence)}\n            ${bold(`${api}/approve/${one.id}`)}\n`,
        );
        ringBell(cli.stdout);
        notifyDesktop(one, cli.env);
      }
      const waiting = look?.waiting ?? shown;
      if (waiting !== shown) title.show(waiting === 0 ? "Countersign" : `(${String(waiting)}) Countersign`);
      shown = waiting;
      await cli.pause(LOOK_MS);
    }
  }).finally(() => title.restore());
}
