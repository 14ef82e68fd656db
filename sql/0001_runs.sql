-- SPDX-License-Identifier: Apache-2.0
-- Shared by all databases. A migration that was released is never edited: its digest is kept in each store.

-- The store itself: one row.
CREATE TABLE store (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    epoch      BIGINT NOT NULL, -- raised by each engine that takes the store; the fence adapters see
    heads_lsn  BIGINT NOT NULL  -- run.head_lsn and run.head_seq are right up to this record
);
INSERT INTO store (one, epoch, heads_lsn) VALUES (1, 0, 0);

-- The index of runs: a line is written with a run's first record and closed when the run is final.
CREATE TABLE run (
    number          BIGINT PRIMARY KEY,   -- stands for the name in record
    name            TEXT NOT NULL UNIQUE, -- the run's id as everybody sees it
    request_id      TEXT NOT NULL,
    tenant          TEXT NOT NULL,
    vnf_instance_id TEXT NOT NULL,
    order_sha256    TEXT NOT NULL,
    accepted_ms     BIGINT NOT NULL,  -- wall clock, milliseconds since 1970 UTC
    final           INTEGER NOT NULL, -- 1: nothing more will happen
    after_lsn       BIGINT NOT NULL,  -- all its records lie behind this one
    head_lsn        BIGINT NOT NULL,  -- its last record, as of store.heads_lsn; found again when a store is opened
    head_seq        BIGINT NOT NULL
);
CREATE INDEX run_live ON run (number) WHERE final = 0;
