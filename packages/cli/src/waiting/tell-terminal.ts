import type { Cli } from "../cli.ts";
import { withClient } from "../client/client.ts";
import { visible } from "../output/visible-text.ts";
import { notifyDesktop, ringBell, TerminalTitle } from "./attention.ts";
import { type WaitingApproval, WaitingApprovals } from "./waiting-approvals.ts";

const LOOK_MS = 1000;
/** How a wait ends, by the state of the approval. */
const ENDS: Readonly<Record<string, string>> = {
  approved: "Signed",
  consumed: "Signed",
  denied: "Denied",
  expired: "Expired",
  void: "Withdrawn",
};

interface Place {
  readonly data: string;
  /** Address of the pages. */
  readonly api: string;
}

/**
 * While the control plane runs in this terminal: each call that waits for a person is a line with its link, the bell, the number in
 * the title, and a notification of the desktop; its end is a line too. Ends with the signal of the process.
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
      for (const one of look?.gone ?? []) tellEnd(one, await approvals.stateOf(one), cli);
      const waiting = look?.waiting ?? shown;
      if (waiting !== shown) title.show(waiting === 0 ? "Countersign" : `(${String(waiting)}) Countersign`);
      shown = waiting;
      await cli.pause(LOOK_MS);
    }
  }).finally(() => title.restore());
}

/** Nothing for what only waits where it is not seen: the list that is looked at has a bound. */
function tellEnd({ sentence }: WaitingApproval, state: string | null, { stdout, out: { paint } }: Cli): void {
  if (state === "pending") return;
  const word = ENDS[state ?? ""] ?? "Ended";
  stdout.write(
    `  ${word === "Signed" ? paint.good(word) : paint.dim(word)}${" ".repeat(10 - word.length)}${visible(sentence)}\n`,
  );
}
