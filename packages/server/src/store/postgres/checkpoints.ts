import { damaged } from "../rows.ts";
import { sameSum, sumOf } from "../sum.ts";

type Statement = (text: string, values: readonly unknown[]) => Promise<readonly unknown[]>;

const NAME = "checkpoint";
const FIRST = "INSERT INTO meta(name, value, sum) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1";
const NEXT = "UPDATE meta SET value = $2, sum = $3 WHERE name = $1 AND value = $4 RETURNING 1";

/** The last signed checkpoint of the log, for all servers. INV-7: two never fork, because the next is stored only over the one it continues. */
export class Checkpoints {
  private readonly database: { readonly rows: Statement; readonly write: Statement };

  constructor(database: { readonly rows: Statement; readonly write: Statement }) {
    this.database = database;
  }

  async last(): Promise<string | null> {
    const rows = await this.database.rows("SELECT value, sum FROM meta WHERE name = $1", [NAME]);
    const [row] = rows as readonly { readonly value: string; readonly sum: Uint8Array }[];
    if (row === undefined) return null;
    if (!sameSum(row.sum, sumOf(NAME, row.value))) throw damaged(`the stored value \`${NAME}\``);
    return row.value;
  }

  async replace(expected: string | null, next: string): Promise<boolean> {
    const values = [NAME, next, sumOf(NAME, next)];
    const stored =
      expected === null
        ? await this.database.write(FIRST, values)
        : await this.database.write(NEXT, [...values, expected]);
    return stored.length > 0;
  }
}
