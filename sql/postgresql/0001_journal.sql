-- SPDX-License-Identifier: Apache-2.0
-- needs: 1
-- The journal. A migration that was released is never edited: its digest is kept in each store.
-- "needs" is the newest migration that a ferryd must know of to work on a store that has this one.

-- The index of runs: a line is written with a run's first record; "final" is all that ever changes in it.
CREATE TABLE ferry.run (
    number          bigint PRIMARY KEY,
    name            text NOT NULL UNIQUE,
    month           date NOT NULL CHECK (extract(day FROM month) = 1),
    request_id      text NOT NULL,
    tenant          text NOT NULL,
    vnf_instance_id text NOT NULL,
    order_sha256    text NOT NULL,
    accepted_ms     bigint NOT NULL,
    final           boolean NOT NULL DEFAULT false
);
CREATE SEQUENCE ferry.run_number OWNED BY ferry.run.number;
CREATE INDEX run_live ON ferry.run (number) WHERE NOT final;
COMMENT ON TABLE ferry.run IS 'One line for each run. It stays when retention has taken the run''s records.';
COMMENT ON COLUMN ferry.run.number IS 'Stands for the name in ferry.record; numbers rise, and some are never used';
COMMENT ON COLUMN ferry.run.name IS 'The run''s id as everybody sees it';
COMMENT ON COLUMN ferry.run.month IS 'First day of the month in which the order was accepted (UTC): the partition that all its records are in';
COMMENT ON COLUMN ferry.run.request_id IS 'The order''s own id, given by who sent it';
COMMENT ON COLUMN ferry.run.tenant IS 'On whose behalf';
COMMENT ON COLUMN ferry.run.vnf_instance_id IS 'The network function that is upgraded';
COMMENT ON COLUMN ferry.run.order_sha256 IS 'SHA-256 of the order''s XML as it came, hex; the text is in ferry.pinned';
COMMENT ON COLUMN ferry.run.accepted_ms IS 'Wall clock, milliseconds since 1970 UTC';
COMMENT ON COLUMN ferry.run.final IS 'Nothing more will happen';

-- Partitions are months of acceptance, so a run is always in one of them, whole: dropping an old one takes whole
-- runs, and the chain of every other run stays as it is.
CREATE TABLE ferry.record (
    month   date NOT NULL,
    run     bigint NOT NULL,
    seq     bigint NOT NULL,
    kind    integer NOT NULL,
    time_ms bigint NOT NULL,
    epoch   bigint NOT NULL,
    hash    bytea NOT NULL CHECK (length(hash) = 32),
    body    text NOT NULL,
    written timestamptz NOT NULL DEFAULT transaction_timestamp(),
    PRIMARY KEY (run, seq, month)
) PARTITION BY RANGE (month);
COMMENT ON TABLE ferry.record IS 'The journal: append-only, numbered without a gap in each run, chained by SHA-256 (docs/records.md)';
COMMENT ON COLUMN ferry.record.month IS 'ferry.run.month';
COMMENT ON COLUMN ferry.record.run IS 'ferry.run.number';
COMMENT ON COLUMN ferry.record.seq IS 'From 1, without a gap within a run';
COMMENT ON COLUMN ferry.record.kind IS 'ferry.kind.id';
COMMENT ON COLUMN ferry.record.time_ms IS 'Run time, milliseconds since 1970 UTC';
COMMENT ON COLUMN ferry.record.epoch IS 'Of the engine that wrote it: ferry.engine.epoch';
COMMENT ON COLUMN ferry.record.hash IS 'SHA-256 over the hash of the record before and everything of this one';
COMMENT ON COLUMN ferry.record.body IS 'JSON, byte for byte as hashed';
COMMENT ON COLUMN ferry.record.written IS 'When it was committed, by the database''s clock; not part of the hash';

CREATE TABLE ferry.pinned (
    sha256 text PRIMARY KEY,
    bytes  bytea NOT NULL
);
COMMENT ON TABLE ferry.pinned IS 'Workflows, modules and orders that runs stand on, by what they are';
COMMENT ON COLUMN ferry.pinned.sha256 IS 'Of the bytes, hex';
COMMENT ON COLUMN ferry.pinned.bytes IS 'The text as it came';

CREATE TABLE ferry.kind (
    id   integer PRIMARY KEY,
    name text NOT NULL
);
COMMENT ON TABLE ferry.kind IS 'What the kinds of record are called (engine/journal/record.def)';
COMMENT ON COLUMN ferry.kind.id IS 'As in ferry.record.kind; never renumbered';
COMMENT ON COLUMN ferry.kind.name IS 'For people';

-- Engines and what they own. Each commit renews its engine's row in its own transaction, and writes nothing if the
-- row is fenced: whoever fences an engine waits for what it has under way, and then knows that nothing follows.
CREATE SEQUENCE ferry.engine_epoch;
CREATE TABLE ferry.engine (
    epoch       bigint PRIMARY KEY,
    name        text NOT NULL,
    home        text NOT NULL,
    session     bigint NOT NULL DEFAULT 1,
    state       text NOT NULL CHECK (state IN ('live', 'draining', 'fenced')),
    level       integer NOT NULL,
    version     text NOT NULL,
    lease_ms    bigint NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz NOT NULL,
    fenced_at   timestamptz,
    fenced_by   bigint
) WITH (fillfactor = 50); -- it is updated at each commit, in its page
CREATE UNIQUE INDEX engine_name ON ferry.engine (name) WHERE state <> 'fenced';
COMMENT ON TABLE ferry.engine IS 'One line for each time a ferryd took part in this store';
COMMENT ON COLUMN ferry.engine.epoch IS 'From one sequence of the whole store: the fence that adapters see, and ferry.record.epoch';
COMMENT ON COLUMN ferry.engine.name IS 'What the engine is called';
COMMENT ON COLUMN ferry.engine.home IS 'Its folder: a restart has the same one and fences its former epoch';
COMMENT ON COLUMN ferry.engine.session IS 'Raised with each connection it writes through: what an earlier one has under way is then void';
COMMENT ON COLUMN ferry.engine.state IS 'live; draining: takes no more runs; fenced: nothing of it can become durable any more';
COMMENT ON COLUMN ferry.engine.level IS 'What it knows of records; an engine claims no run above its own';
COMMENT ON COLUMN ferry.engine.version IS 'Of its ferryd';
COMMENT ON COLUMN ferry.engine.lease_ms IS 'How long it may be silent';
COMMENT ON COLUMN ferry.engine.started_at IS 'By the database''s clock, as all times here';
COMMENT ON COLUMN ferry.engine.lease_until IS 'When it may be fenced by others';
COMMENT ON COLUMN ferry.engine.fenced_at IS 'When it was';
COMMENT ON COLUMN ferry.engine.fenced_by IS 'The epoch of who did it';

CREATE TABLE ferry.run_owner (
    run   bigint PRIMARY KEY REFERENCES ferry.run,
    epoch bigint REFERENCES ferry.engine,
    level integer NOT NULL DEFAULT 1,
    since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ferry.run_owner IS 'Which engine drives which run';
COMMENT ON COLUMN ferry.run_owner.run IS 'ferry.run.number';
COMMENT ON COLUMN ferry.run_owner.epoch IS 'Of the engine; NULL: nobody''s, may be claimed';
COMMENT ON COLUMN ferry.run_owner.level IS 'Of the newest engine that ever owned it';
COMMENT ON COLUMN ferry.run_owner.since IS 'By the database''s clock';

-- Nothing that was written is ever changed, by whomever.
CREATE FUNCTION ferry.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: what was written is never changed', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER record_is_final BEFORE UPDATE OR DELETE ON ferry.record
    FOR EACH ROW EXECUTE FUNCTION ferry.refuse_change();
CREATE TRIGGER record_is_kept BEFORE TRUNCATE ON ferry.record
    FOR EACH STATEMENT EXECUTE FUNCTION ferry.refuse_change();
CREATE TRIGGER pinned_is_final BEFORE UPDATE OR DELETE ON ferry.pinned
    FOR EACH ROW EXECUTE FUNCTION ferry.refuse_change();
CREATE TRIGGER pinned_is_kept BEFORE TRUNCATE ON ferry.pinned
    FOR EACH STATEMENT EXECUTE FUNCTION ferry.refuse_change();
CREATE TRIGGER run_is_kept BEFORE DELETE ON ferry.run
    FOR EACH ROW EXECUTE FUNCTION ferry.refuse_change();
CREATE TRIGGER runs_are_kept BEFORE TRUNCATE ON ferry.run
    FOR EACH STATEMENT EXECUTE FUNCTION ferry.refuse_change();

-- The one thing an engine cannot insert its way to: the partition of a month. It runs as the owner and can do
-- nothing but add an empty one.
CREATE FUNCTION ferry.make_month(wanted date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    first date := date_trunc('month', wanted)::date;
    name text := 'record_' || to_char(wanted, 'YYYY_MM');
BEGIN
    IF to_regclass('ferry.' || quote_ident(name)) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('ferry.make_month'));
    IF to_regclass('ferry.' || quote_ident(name)) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE ferry.%I PARTITION OF ferry.record FOR VALUES FROM (%L) TO (%L)',
                   name, first, (first + interval '1 month')::date);
    EXECUTE format('CREATE TRIGGER record_is_kept BEFORE TRUNCATE ON ferry.%I '
                   'FOR EACH STATEMENT EXECUTE FUNCTION ferry.refuse_change()', name);
    EXECUTE format('COMMENT ON TABLE ferry.%I IS %L', name,
                   'Records of the runs accepted in ' || to_char(wanted, 'YYYY-MM'));
END
$$;
REVOKE ALL ON FUNCTION ferry.make_month(date) FROM PUBLIC;
REVOKE ALL ON FUNCTION ferry.refuse_change() FROM PUBLIC;
COMMENT ON FUNCTION ferry.make_month(date) IS 'Makes the partition of a month if it is not there; all an engine may make';

GRANT EXECUTE ON FUNCTION ferry.make_month(date) TO ferry_engine;
GRANT SELECT, INSERT ON ferry.record, ferry.pinned, ferry.run, ferry.kind TO ferry_engine;
GRANT UPDATE (final) ON ferry.run TO ferry_engine;
GRANT UPDATE (name) ON ferry.kind TO ferry_engine;
GRANT SELECT, INSERT, UPDATE ON ferry.engine TO ferry_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON ferry.run_owner TO ferry_engine;
GRANT USAGE ON SEQUENCE ferry.run_number, ferry.engine_epoch TO ferry_engine;
GRANT SELECT ON ferry.migration TO ferry_engine;
GRANT SELECT ON ALL TABLES IN SCHEMA ferry TO ferry_auditor;
