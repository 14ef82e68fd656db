-- SPDX-License-Identifier: Apache-2.0
-- The journal, in the order in which it was written: a new record only touches the last page, which is what
-- makes a commit cheap. There is no index by run; each record knows the one before it of the same run, and
-- run.head_lsn the last. docs/records.md says what bodies hold and how to verify a run with sha256sum.
CREATE TABLE record (
    lsn     INTEGER PRIMARY KEY,
    run     INTEGER NOT NULL, -- run.number
    seq     INTEGER NOT NULL, -- from 1, without a gap within a run
    prev    INTEGER NOT NULL, -- lsn of the run's record before; 0 for its first
    kind    INTEGER NOT NULL, -- kind.id
    time_ms INTEGER NOT NULL, -- run time, milliseconds since 1970 UTC
    epoch   INTEGER NOT NULL, -- of the engine that wrote it
    hash    BLOB NOT NULL,    -- SHA-256 over the hash before and everything of this record
    body    TEXT NOT NULL     -- JSON, byte for byte as hashed
);

-- Workflows, modules and orders that runs stand on, by what they are.
CREATE TABLE pinned (
    sha256 TEXT PRIMARY KEY,
    bytes  BLOB NOT NULL
) WITHOUT ROWID;

-- Nothing that was written is ever changed. (Whoever owns the file can remove these; the chain of hashes tells.)
CREATE TRIGGER record_is_final BEFORE UPDATE ON record
BEGIN SELECT RAISE(ABORT, 'records are append-only: they cannot be changed'); END;
CREATE TRIGGER record_is_kept BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'records are append-only: they cannot be deleted'); END;
CREATE TRIGGER pinned_is_final BEFORE UPDATE ON pinned
BEGIN SELECT RAISE(ABORT, 'pinned texts are append-only: they cannot be changed'); END;
CREATE TRIGGER pinned_is_kept BEFORE DELETE ON pinned
BEGIN SELECT RAISE(ABORT, 'pinned texts are append-only: they cannot be deleted'); END;
CREATE TRIGGER run_is_kept BEFORE DELETE ON run
BEGIN SELECT RAISE(ABORT, 'runs are kept: they cannot be deleted'); END;

-- Names of the kinds, for people who read the store by hand; filled from engine/journal/record.def.
CREATE TABLE kind (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);

-- For auditors:  SELECT * FROM journal WHERE run = '...' ORDER BY seq;
CREATE VIEW journal AS
SELECT run.name AS run,
       record.seq,
       coalesce(kind.name, 'kind ' || record.kind) AS kind,
       strftime('%Y-%m-%d %H:%M:%f', record.time_ms / 1000.0, 'unixepoch') AS run_time,
       record.epoch,
       lower(hex(record.hash)) AS hash,
       record.body
FROM record
JOIN run ON run.number = record.run
LEFT JOIN kind ON kind.id = record.kind;

-- What each hash was made of, in hex: sha256sum of these bytes is the hash (docs/records.md).
CREATE VIEW chain AS
SELECT run.name AS run,
       record.seq,
       lower(hex(record.hash)) AS hash,
       lower(hex(coalesce(before.hash, zeroblob(32))) || hex(run.name) || '00' ||
             printf('%016x%016x%016x%016x%016x', record.seq, record.kind, record.time_ms, record.epoch,
                    length(CAST(record.body AS BLOB))) ||
             hex(record.body)) AS hashed
FROM record
JOIN run ON run.number = record.run
LEFT JOIN record AS before ON before.lsn = record.prev;
