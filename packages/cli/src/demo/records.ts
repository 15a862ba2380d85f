/** One executive, invented. */
export interface ExecutiveRecord {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly company: string;
  readonly since: number;
}

/** As many as were deleted in the incident. */
export const RECORDS = 1200;
/** As many as were invented there to replace them. */
export const INVENTED = 4000;
/** The record with a mistake in it, and the mistake. */
export const MISTAKE = { id: "EX-0417", wrong: "Cheif Financial Officer", right: "Chief Financial Officer" } as const;

const FIRST = "Ada Amara Aroha Beatriz Chidi Dara Elif Farid Grace Hana Ines Jonas Kofi Lena Mateo Nadia Omar Priya Quinn Rosa".split(" "); // prettier-ignore
const LAST = "Abara Bergman Castillo Dhawan Eriksen Fontaine Gupta Haddad Ito Jansen Kowalski Lindqvist Moreau Novak Oyelaran".split(" "); // prettier-ignore
const TITLES = ["Chief Executive Officer", "Chief Financial Officer", "Chief Operating Officer", "General Counsel"];
const COMPANIES = [
  "Northwind Foods",
  "Halden Marine",
  "Juniper Rail",
  "Ostara Health",
  "Kestrel Grid",
  "Lumen Textiles",
];

/** The records of the demo: the same in each run, one mistake in them. */
export function executiveRecords(): ExecutiveRecord[] {
  return Array.from({ length: RECORDS }, (_, at) => {
    const id = `EX-${String(at + 1).padStart(4, "0")}`;
    return { ...personOf(at), id, title: id === MISTAKE.id ? MISTAKE.wrong : pick(TITLES, at * 7) };
  });
}

/** The rows that the agent makes up. */
export function inventedRecords(): ExecutiveRecord[] {
  return Array.from({ length: INVENTED }, (_, at) => ({
    ...personOf(at * 13),
    id: `EX-9${String(at).padStart(4, "0")}`,
    name: `Executive ${String(at + 1)}`,
  }));
}

/** A JSON array with one record a line, so that an edit of one record is an edit of one line. */
export function recordsText(records: readonly ExecutiveRecord[]): string {
  return `[\n${records.map((record) => JSON.stringify(record)).join(",\n")}\n]\n`;
}

function personOf(at: number): ExecutiveRecord {
  const name = `${pick(FIRST, at)} ${pick(LAST, Math.floor(at / FIRST.length))}`;
  return { id: "", name, title: pick(TITLES, at), company: pick(COMPANIES, at), since: 1996 + (at % 29) };
}

function pick(from: readonly string[], at: number): string {
  return from[at % from.length] ?? "";
}
