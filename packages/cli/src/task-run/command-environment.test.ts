import { describe, expect, it } from "vitest";
import { commandEnvironment } from "./command-environment.ts";

const local = { host: "/tmp/a b", port: 5432, user: "the coder", password: "p/w?", database: "bill ing" };

describe("the environment of a command", () => {
  it("has the way to the guarded database, for libpq and for drivers that take an address", () => {
    expect(commandEnvironment({ PATH: "/bin", EMPTY: "", GONE: undefined }, local)).toEqual({
      PATH: "/bin",
      EMPTY: "",
      PGHOST: "/tmp/a b",
      PGPORT: "5432",
      PGUSER: "the coder",
      PGPASSWORD: "p/w?",
      PGDATABASE: "bill ing",
      PGSSLMODE: "disable",
      PGGSSENCMODE: "disable",
      DATABASE_URL: "postgres://the%20coder:p%2Fw%3F@%2Ftmp%2Fa%20b:5432/bill%20ing?sslmode=disable",
    });
  });

  it("names no database when the command has to say which", () => {
    const names = Object.keys(commandEnvironment({}, { ...local, database: null }));
    expect(names).not.toContain("DATABASE_URL");
    expect(names).not.toContain("PGDATABASE");
  });

  it.each([
    "DATABASE_URL",
    "PGHOST",
    "PGHOSTADDR",
    "PGSERVICE",
    "PGPASSFILE",
    "PGSSLROOTCERT",
    "PGSSLCERT",
    "PGOPTIONS",
  ])("leads nowhere else by %s, guarded database or none", (name) => {
    expect(commandEnvironment({ [name]: "elsewhere" }, null)).toEqual({});
    expect(Object.values(commandEnvironment({ [name]: "elsewhere" }, local))).not.toContain("elsewhere");
  });

  it("carries nothing of Countersign's own (INV-9), and leaves the rest as it is", () => {
    const ours = { COUNTERSIGN_MASTER_KEY_FILE: "/k", COUNTERSIGN_DATA: "/d", COUNTERSIGN_SERVER: "http://x" };
    const rest = { PGTZ: "UTC", PGAPPNAME: "x", PGDATA: "/srv", HOME: "/home/a", NODE_ENV: "test" };
    expect(commandEnvironment({ ...ours, ...rest }, null)).toEqual(rest);
  });
});
