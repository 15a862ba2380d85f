import type { ClientConnection } from "./client-connection.ts";
import type { StatementAction } from "./statement-action.ts";

/** Rows of a COPY come from the client until it says that there are no more. Resolves when the action is over or waits for something else. */
export async function feedCopy(client: ClientConnection, action: StatementAction): Promise<void> {
  while (action.state === "copying") {
    await Promise.race([client.ready(), action.leftCopying()]);
    if (action.state !== "copying") break;
    const message = client.take();
    if (message === null) break;
    if (message.type === "copyData") await action.copy(message.bytes);
    else if (message.type === "copyDone") action.endCopy(null);
    else if (message.type === "copyFail") action.endCopy(message.reason);
    // As the server does: what was sent ahead of the rows is passed over.
    else if (message.type !== "sync" && message.type !== "flush")
      action.endCopy("the client sent something else than rows");
    await action.resting();
  }
  await action.resting();
}
