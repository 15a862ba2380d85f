import type { Effector } from "@countersign/enforce";
import { AppError } from "@countersign/core";
import { type OwnSession, type Statement, type StatementSession, sessionSettings } from "../preview/index.ts";
import { type Ceilings, exceededBy } from "../ceilings.ts";
import { heldStatement } from "./held-statement.ts";
import { serverTexts } from "./server-texts.ts";
import type { Deed } from "./deed.ts";
import type { Session } from "./session.ts";
import type { Released, StatementAction } from "./statement-action.ts";

/** What carries a statement out that stands outside of a block: where it is held, it is looked at first, and run as it was signed. */
export function mayBeHeld(
  session: Session,
  action: StatementAction,
  { deed, ceilings }: { readonly deed: Deed; readonly ceilings: Ceilings | null },
): Effector<Released> {
  const { claims, database, login } = session.parts;
  const { verdict, sql, call, plan } = deed;
  if (verdict === null || sql === null || "refused" in call || verdict.effect === "read") return action;
  const inside = serverTexts(session.server, session.ownName);
  const open = async (): Promise<OwnSession> => {
    const acquired = await login();
    if (!acquired.ok) throw new AppError("upstream.down", { detail: acquired.reason });
    return await database.openAs(acquired.login);
  };
  const { searchPath } = session.state;
  let settings: Promise<StatementSession["settings"]> | null = null;
  const said = async (): Promise<StatementSession> => ({
    searchPath,
    settings: await (settings ??= sessionSettings(inside)),
  });
  return heldStatement(action, {
    server: session.server,
    inside,
    open,
    session: said,
    preview: async (_, signal) =>
      (await database.preview?.(
        { claims, call, verdict, statement: statementOf(sql, deed.bound), session: await said(), open },
        signal,
      )) ?? null,
    ceiling:
      ceilings === null || !isCountedFirst(deed, ceilings)
        ? null
        : (rows) => exceededBy(ceilings.changed(rows, performance.now())),
    undone: () => ceilings?.undone(),
    endsWithReady: plan.kind === "text" || plan.step.asked.at(-1) === "sync",
  });
}

/** Whether its changes are counted before they are committed: a statement that may stand within a transaction, alone. */
export function isCountedFirst({ verdict }: Pick<Deed, "verdict">, ceilings: Ceilings): boolean {
  const [statement, another] = verdict?.statements ?? [];
  if (statement === undefined || another !== undefined || verdict?.effect === "read") return false;
  return ceilings.countsChanges && /^(Insert|Update|Delete|Merge|Copy)Stmt$/.test(statement.kind);
}

function statementOf(text: string, bound: Deed["bound"]): Statement {
  if (bound === undefined) return { text, parameters: [] };
  const { formats, parameters } = bound.bind;
  const formatOf = (at: number): number => (formats.length === 1 ? formats[0] : formats[at]) ?? 0;
  return {
    text,
    parameters: parameters.map((value, at) => (value !== null && formatOf(at) === 0 ? value.toString("utf8") : value)),
    parameterTypes: bound.types,
  };
}
