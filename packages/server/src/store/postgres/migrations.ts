import { SCHEMA } from "./session.ts";

/** One step of the schema. */
export interface Migration {
  readonly sql: string;
  /** The oldest program, by the number of migrations that it knows, that may go on beside it. */
  readonly needs: number;
}

/**
 * Numbered, forward only: each is applied once, in one transaction that holds the row `head`, so between two commits. Never change one that
 * was released. A change that an older program could not bear comes in three releases: *expand* (new columns beside the old ones; both
 * programs write what they know), *backfill* (in batches, no lock held), *contract* (the old ones go; `needs` rises, and a program that is
 * older is refused its next commit).
 *
 * Lookup columns of `records` are computed from the body, so that they can't say anything else than the record does. A text of PostgreSQL
 * can't hold U+0000: what is looked up by has U+FFFD in its place, what is stored (body, leaf) is whole.
 * `sum` is there against decay, not against an attacker: attackers meet the digests in the ledger.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    needs: 1,
    sql: `
    -- One row. Its lock is the order of all commits.
    CREATE TABLE head(
      one boolean PRIMARY KEY DEFAULT true CHECK (one),
      version bigint NOT NULL DEFAULT 0,
      size bigint NOT NULL DEFAULT 0,
      brakes bigint NOT NULL DEFAULT 0,
      schema integer NOT NULL DEFAULT 0,
      needs integer NOT NULL DEFAULT 0
    ) WITH (fillfactor = 10);
    INSERT INTO head DEFAULT VALUES;

    CREATE TABLE meta(name text COLLATE "C" PRIMARY KEY, value text NOT NULL, sum bytea NOT NULL);

    CREATE FUNCTION looked_up(body text) RETURNS jsonb IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
      RETURN replace(body, '\\u0000', '\\ufffd')::jsonb;
    CREATE TABLE records(
      seq bigint GENERATED ALWAYS AS IDENTITY,
      kind text COLLATE "C" NOT NULL,
      id text COLLATE "C" NOT NULL,
      version bigint NOT NULL,
      body text NOT NULL,
      sum bytea NOT NULL,
      status text COLLATE "C" GENERATED ALWAYS AS (${SCHEMA}.looked_up(body) #>> '{state,status}') STORED,
      owner text COLLATE "C" GENERATED ALWAYS AS
        (coalesce(${SCHEMA}.looked_up(body) #>> '{terms,owner}', ${SCHEMA}.looked_up(body) #>> '{terms,human}')) STORED,
      agent text COLLATE "C" GENERATED ALWAYS AS (${SCHEMA}.looked_up(body) #>> '{terms,agent}') STORED,
      task text COLLATE "C" GENERATED ALWAYS AS (${SCHEMA}.looked_up(body) #>> '{terms,task}') STORED,
      device text COLLATE "C" GENERATED ALWAYS AS (${SCHEMA}.looked_up(body) #>> '{terms,device}') STORED,
      key text COLLATE "C" GENERATED ALWAYS AS (coalesce(
        CASE WHEN jsonb_typeof(${SCHEMA}.looked_up(body) #> '{terms,name}') = 'string' THEN ${SCHEMA}.looked_up(body) #>> '{terms,name}' END,
        ${SCHEMA}.looked_up(body) #>> '{terms,tokenDigest}', ${SCHEMA}.looked_up(body) #>> '{terms,cookieDigest}',
        ${SCHEMA}.looked_up(body) #>> '{terms,jkt}', ${SCHEMA}.looked_up(body) #>> '{terms,match}')) STORED,
      PRIMARY KEY (kind, id)
    );
    CREATE UNIQUE INDEX records_seq ON records(kind, seq);
    CREATE INDEX records_version ON records(version);
    CREATE INDEX records_status ON records(kind, status, version);
    CREATE INDEX records_owner ON records(kind, owner) WHERE owner IS NOT NULL;
    CREATE INDEX records_agent ON records(kind, agent) WHERE agent IS NOT NULL;
    CREATE INDEX records_task ON records(kind, task) WHERE task IS NOT NULL;
    CREATE INDEX records_device ON records(kind, device) WHERE device IS NOT NULL;
    CREATE INDEX records_key ON records(kind, key) WHERE key IS NOT NULL;

    CREATE TABLE journal(
      idx bigint PRIMARY KEY,
      id text COLLATE "C" NOT NULL,
      kind text COLLATE "C" NOT NULL,
      point text COLLATE "C" NOT NULL,
      point_seq bigint NOT NULL,
      task text COLLATE "C",
      task_seq bigint,
      intent text COLLATE "C",
      resource text COLLATE "C",
      agent text COLLATE "C",
      human text COLLATE "C",
      leaf_hash bytea NOT NULL,
      leaf bytea NOT NULL
    );
    CREATE UNIQUE INDEX journal_id ON journal(id);
    CREATE UNIQUE INDEX journal_point ON journal(point, point_seq);
    CREATE UNIQUE INDEX journal_task ON journal(task, task_seq) WHERE task IS NOT NULL;
    CREATE INDEX journal_intent ON journal(intent, kind) WHERE intent IS NOT NULL;
    CREATE INDEX journal_kind ON journal(kind, idx) WHERE kind NOT IN ('action.intent', 'action.outcome');
    CREATE INDEX journal_resource ON journal(resource, idx) WHERE resource IS NOT NULL;
    CREATE INDEX journal_agent ON journal(agent, idx) WHERE agent IS NOT NULL;
    CREATE INDEX journal_human ON journal(human, idx) WHERE human IS NOT NULL;

    CREATE TABLE named(
      kind text COLLATE "C" NOT NULL,
      id text COLLATE "C" NOT NULL,
      idx bigint NOT NULL,
      PRIMARY KEY (kind, id, idx)
    );

    CREATE TABLE blobs(name text COLLATE "C" PRIMARY KEY, bytes bytea NOT NULL, sum bytea NOT NULL);

    -- INV-7. Beside this, the role of the server needs no right to do any of it.
    CREATE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'the journal only grows' USING ERRCODE = 'insufficient_privilege'; END $$;
    CREATE TRIGGER journal_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION only_grows();
    CREATE TRIGGER named_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON named FOR EACH STATEMENT EXECUTE FUNCTION only_grows();
    ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_only_grows;
    ALTER TABLE named ENABLE ALWAYS TRIGGER named_only_grows;

    -- Logged: a commit that writes only unlogged tables does not wait for the standby.
    CREATE TABLE heartbeats(process text COLLATE "C" PRIMARY KEY, at timestamptz NOT NULL) WITH (fillfactor = 10);

    CREATE UNLOGGED TABLE board(
      topic text COLLATE "C" NOT NULL,
      key text COLLATE "C" NOT NULL,
      value text NOT NULL,
      posted timestamptz NOT NULL,
      place integer NOT NULL,
      until timestamptz NOT NULL,
      PRIMARY KEY (topic, key)
    );
    CREATE INDEX board_until ON board(until);
    `,
  },
];
