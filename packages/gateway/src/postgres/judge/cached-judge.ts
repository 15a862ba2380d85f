import type { Catalogue } from "./catalogue.ts";
import { judgement } from "./judge.ts";
import type { Session, Verdict } from "./verdict.ts";

const TEXT_MAX = 16_384;

/**
 * Judges, and keeps verdicts by all that they rest on: text, search path and the other facts of the session, state of the catalogue. What rests
 * on prepared statements or cursors, and long texts, are judged each time. The longest unused verdict goes first.
 */
export class CachedJudge {
  private readonly kept = new Map<string, Verdict>();
  private readonly most: number;
  private state = "";

  constructor(most: number = 5_000) {
    this.most = most;
  }

  judge(text: string, session: Session, catalogue: Catalogue): Verdict {
    if (text.length > TEXT_MAX) return judgement(text, session, catalogue).verdict;
    if (this.state !== catalogue.state) {
      this.kept.clear();
      this.state = catalogue.state;
    }
    const key = `${sessionKey(session)}\u0000${text}`;
    const known = this.kept.get(key);
    if (known !== undefined) {
      this.kept.delete(key);
      this.kept.set(key, known);
      return known;
    }
    const { verdict, ofSession } = judgement(text, session, catalogue);
    if (ofSession) return verdict;
    if (this.kept.size >= this.most) for (const oldest of this.kept.keys()) if (this.kept.delete(oldest)) break;
    this.kept.set(key, verdict);
    return verdict;
  }
}

function sessionKey({ searchPath, tempSchema, parameterTypes, ...flags }: Session): string {
  const { inTransaction, uncommittedCatalogue, standardConformingStrings } = flags;
  return [
    searchPath.join("\u0001"),
    tempSchema ?? String(tempSchema),
    inTransaction === true ? "t" : "",
    uncommittedCatalogue === true ? "u" : "",
    standardConformingStrings === false ? "s" : "",
    parameterTypes?.join(",") ?? "",
  ].join("\u0002");
}
