-- SPDX-License-Identifier: Apache-2.0
-- needs: 2
-- What engines send each other: a verb for a run that another engine owns (engine/fleet/post.c).
CREATE TABLE ferry.posted_command (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run         text NOT NULL,
    verb        text NOT NULL,
    args        text,
    caller      text NOT NULL,
    posted_by   bigint NOT NULL REFERENCES ferry.engine,
    posted_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    taken_by    bigint REFERENCES ferry.engine,
    taken_at    timestamptz,
    status      integer,
    answer      text,
    answered_at timestamptz
);
CREATE INDEX posted_command_open ON ferry.posted_command (posted_at) WHERE taken_by IS NULL;
COMMENT ON TABLE ferry.posted_command IS 'Verbs on their way to the engine that owns the run; what came of them is in the journal. Kept for a day';
COMMENT ON COLUMN ferry.posted_command.id IS 'Rises; some numbers are never used';
COMMENT ON COLUMN ferry.posted_command.run IS 'ferry.run.name';
COMMENT ON COLUMN ferry.posted_command.verb IS 'As in POST /v1/upgrades/RUN/VERB';
COMMENT ON COLUMN ferry.posted_command.args IS 'JSON, as it came';
COMMENT ON COLUMN ferry.posted_command.caller IS 'Who asked for it, with which roles, as the engine that took the request saw them; JSON';
COMMENT ON COLUMN ferry.posted_command.posted_by IS 'Epoch of the engine that took the request';
COMMENT ON COLUMN ferry.posted_command.posted_at IS 'By the database''s clock, as all times here';
COMMENT ON COLUMN ferry.posted_command.taken_by IS 'Epoch of the owner that took it, before it did it: it is done at most once';
COMMENT ON COLUMN ferry.posted_command.taken_at IS 'When it was taken';
COMMENT ON COLUMN ferry.posted_command.status IS 'HTTP status of the answer';
COMMENT ON COLUMN ferry.posted_command.answer IS 'The error, as JSON; empty where it was accepted';
COMMENT ON COLUMN ferry.posted_command.answered_at IS 'When it was answered';

GRANT SELECT, INSERT, UPDATE, DELETE ON ferry.posted_command TO ferry_engine;
GRANT SELECT ON ferry.posted_command TO ferry_auditor;

-- A run that is taken over gets a fence of its own, from the sequence of the epochs: its new owner may be older than
-- the one before, and adapters refuse what is lower than they have seen.
CREATE TABLE ferry.claim (
    epoch  bigint PRIMARY KEY,
    engine bigint NOT NULL REFERENCES ferry.engine,
    at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE ferry.claim IS 'Each time an engine took runs over: their records and calls carry this epoch from then on';
COMMENT ON COLUMN ferry.claim.epoch IS 'From the sequence of ferry.engine.epoch; ferry.record.epoch is one of either';
COMMENT ON COLUMN ferry.claim.engine IS 'Who: ferry.engine.epoch';
COMMENT ON COLUMN ferry.claim.at IS 'By the database''s clock';
ALTER TABLE ferry.run_owner ADD fence bigint REFERENCES ferry.claim;
COMMENT ON COLUMN ferry.run_owner.fence IS 'Of the claim; NULL: the owner accepted the order, and its own epoch is the fence';
COMMENT ON COLUMN ferry.record.epoch IS 'Of who wrote it: ferry.engine.epoch, or ferry.claim.epoch in a run that was taken over; never falls within a run';
GRANT SELECT, INSERT ON ferry.claim TO ferry_engine;
GRANT SELECT ON ferry.claim TO ferry_auditor;

-- Owners are looked up by engine at each turn of a keeper.
CREATE INDEX run_owner_epoch ON ferry.run_owner (epoch);
