/**
 * Numbered, forward only: each is applied once, in one transaction with the new `user_version`. Never change one that was released.
 *
 * Lookup columns of `records` are computed from the body, so that they can't say anything else than the record does.
 * `resources` is filled by the thousand (see `Writer.tidy`): names come in no order, so each entry alone would dirty a page of its own.
 * `sum` is there against decay, not against an attacker: attackers meet the digests in the ledger.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL, sum BLOB NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE records(
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    sum BLOB NOT NULL,
    status TEXT GENERATED ALWAYS AS (body->>'$.state.status') VIRTUAL,
    owner TEXT GENERATED ALWAYS AS (coalesce(body->>'$.terms.owner', body->>'$.terms.human')) VIRTUAL,
    agent TEXT GENERATED ALWAYS AS (body->>'$.terms.agent') VIRTUAL,
    task TEXT GENERATED ALWAYS AS (body->>'$.terms.task') VIRTUAL,
    device TEXT GENERATED ALWAYS AS (body->>'$.terms.device') VIRTUAL,
    key TEXT GENERATED ALWAYS AS (coalesce(
      CASE WHEN json_type(body, '$.terms.name') = 'text' THEN body->>'$.terms.name' END,
      body->>'$.terms.tokenDigest', body->>'$.terms.cookieDigest', body->>'$.terms.jkt', body->>'$.terms.match')) VIRTUAL
  ) STRICT;
  CREATE UNIQUE INDEX records_id ON records(kind, id);
  CREATE INDEX records_version ON records(version);
  CREATE INDEX records_status ON records(kind, status);
  CREATE INDEX records_owner ON records(kind, owner) WHERE owner IS NOT NULL;
  CREATE INDEX records_agent ON records(kind, agent) WHERE agent IS NOT NULL;
  CREATE INDEX records_task ON records(kind, task) WHERE task IS NOT NULL;
  CREATE INDEX records_device ON records(kind, device) WHERE device IS NOT NULL;
  CREATE INDEX records_key ON records(kind, key) WHERE key IS NOT NULL;

  CREATE TABLE journal(
    idx INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    point TEXT NOT NULL,
    point_seq INTEGER NOT NULL,
    task TEXT,
    task_seq INTEGER,
    intent TEXT,
    resource TEXT,
    leaf_hash BLOB NOT NULL,
    leaf BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX journal_id ON journal(id);
  CREATE UNIQUE INDEX journal_point ON journal(point, point_seq);
  CREATE UNIQUE INDEX journal_task ON journal(task, task_seq) WHERE task IS NOT NULL;
  CREATE INDEX journal_intent ON journal(intent, kind) WHERE intent IS NOT NULL;
  CREATE INDEX journal_kind ON journal(kind) WHERE kind NOT IN ('action.intent', 'action.outcome', 'decision');
  CREATE TRIGGER journal_update BEFORE UPDATE ON journal BEGIN SELECT raise(ABORT, 'the journal only grows'); END;
  CREATE TRIGGER journal_delete BEFORE DELETE ON journal BEGIN SELECT raise(ABORT, 'the journal only grows'); END;

  CREATE TABLE named(
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    idx INTEGER NOT NULL REFERENCES journal(idx),
    PRIMARY KEY(kind, id, idx)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE resources(
    name TEXT NOT NULL,
    idx INTEGER NOT NULL REFERENCES journal(idx),
    PRIMARY KEY(name, idx)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE blobs(name TEXT PRIMARY KEY, bytes BLOB NOT NULL, sum BLOB NOT NULL) STRICT;
  `,
  // Who stands behind an entry, so that a person's or an agent's are found without reading the others; and what was refused or held.
  `
  ALTER TABLE journal ADD COLUMN agent TEXT;
  ALTER TABLE journal ADD COLUMN human TEXT;
  DROP TRIGGER journal_update;
  UPDATE journal SET agent = CAST(leaf AS TEXT)->>'$.chain.agent', human = CAST(leaf AS TEXT)->>'$.chain.human';
  CREATE TRIGGER journal_update BEFORE UPDATE ON journal BEGIN SELECT raise(ABORT, 'the journal only grows'); END;
  CREATE INDEX journal_agent ON journal(agent) WHERE agent IS NOT NULL;
  CREATE INDEX journal_human ON journal(human) WHERE human IS NOT NULL;
  CREATE INDEX journal_decision ON journal(kind) WHERE kind = 'decision';
  `,
];
