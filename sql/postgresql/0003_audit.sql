-- SPDX-License-Identifier: Apache-2.0
-- needs: 1
-- What an auditor asks, as views; and retention. docs/postgresql.md has the questions.

CREATE VIEW ferry.journal AS
SELECT run.name AS run, record.seq, coalesce(kind.name, 'kind ' || record.kind) AS kind,
       to_timestamp(record.time_ms / 1000.0) AS run_time, record.written, record.epoch, engine.name AS engine,
       encode(record.hash, 'hex') AS hash, record.body
FROM ferry.record
JOIN ferry.run ON run.number = record.run AND run.month = record.month
LEFT JOIN ferry.kind ON kind.id = record.kind
LEFT JOIN ferry.engine ON engine.epoch = record.epoch;
COMMENT ON VIEW ferry.journal IS 'Every record with names: SELECT * FROM ferry.journal WHERE run = ''...'' ORDER BY seq';

CREATE VIEW ferry.who_did_what AS
SELECT run, seq, written AS at, coalesce(body::json #>> '{caller,who}', body::json ->> 'who', body::json #>> '{by,who}') AS who,
       CASE kind WHEN 'order accepted' THEN 'sent the order'
                 WHEN 'command' THEN body::json ->> 'verb'
                 WHEN 'approval given' THEN 'answered ' || (body::json ->> 'answer')
                 WHEN 'amended' THEN 'amended: ' || (body::json ->> 'text')
                 WHEN 'decided' THEN (body::json ->> 'verb') || CASE body::json ->> 'ok' WHEN 'true' THEN ' granted' ELSE ' refused' END
                 WHEN 'outcome' THEN 'did step ' || (body::json ->> 'step') || ' by hand'
                 WHEN 'freed' THEN body::json ->> 'how'
                 ELSE kind END AS what,
       coalesce(body::json #>> '{args,why}', body::json ->> 'why', body::json #>> '{by,why}', body::json ->> 'refusal') AS why
FROM ferry.journal
WHERE kind IN ('order accepted', 'command', 'approval given', 'amended', 'decided', 'freed')
   OR (kind = 'outcome' AND body::json -> 'by' IS NOT NULL);
COMMENT ON VIEW ferry.who_did_what IS 'What people asked for: who, what, when, why';

CREATE VIEW ferry.approvals AS
SELECT asked.run, asked.body::json ->> 'id' AS id, asked.written AS asked_at, asked.body::json ->> 'role' AS role,
       asked.body::json ->> 'question' AS question, given.written AS answered_at, given.body::json ->> 'answer' AS answer,
       given.body::json #>> '{caller,who}' AS who, given.body::json ->> 'why' AS why,
       coalesce((given.body::json ->> 'break_glass')::boolean, false) AS break_glass
FROM ferry.journal AS asked
LEFT JOIN ferry.journal AS given ON given.run = asked.run AND given.kind = 'approval given'
                                AND given.body::json ->> 'id' = asked.body::json ->> 'id'
WHERE asked.kind = 'approval asked';
COMMENT ON VIEW ferry.approvals IS 'What was asked of whom, and who answered what; a line for each answer';

CREATE VIEW ferry.verdicts AS
SELECT run, seq, written AS at, (body::json ->> 'stage')::integer AS stage, body::json ->> 'verdict' AS verdict,
       body::json ->> 'sentence' AS sentence, (body::json ->> 'final')::boolean AS final, body::json -> 'evidence' AS evidence
FROM ferry.journal WHERE kind = 'verdict';
COMMENT ON VIEW ferry.verdicts IS 'What the judge said, and on which evidence';

CREATE VIEW ferry.steps AS
SELECT intent.run, (intent.body::json ->> 'step')::bigint AS step, (intent.body::json ->> 'attempt')::integer AS attempt,
       intent.body::json ->> 'call' AS call, intent.body::json ->> 'verb' AS verb, intent.body::json ->> 'connection' AS connection,
       intent.written AS begun_at, outcome.written AS ended_at, (outcome.body::json ->> 'ok')::boolean AS ok,
       outcome.body::json #>> '{error,message}' AS error, intent.epoch AS begun_by, outcome.epoch AS ended_by
FROM ferry.journal AS intent
LEFT JOIN LATERAL (SELECT * FROM ferry.journal AS o
                   WHERE o.run = intent.run AND o.kind = 'outcome' AND o.seq > intent.seq
                     AND o.body::json ->> 'step' = intent.body::json ->> 'step'
                   ORDER BY o.seq LIMIT 1) AS outcome ON true
WHERE intent.kind = 'intent';
COMMENT ON VIEW ferry.steps IS 'What was done, by which engine (epoch), and how it went';

CREATE VIEW ferry.switched_off AS
SELECT taken.run, taken.body::json ->> 'guard' AS guard, taken.body::json ->> 'connection' AS connection,
       taken.body::json ->> 'prior' AS was, taken.written AS off_since, back.written AS on_again,
       (back.body::json ->> 'as_it_was')::boolean AS as_it_was, back.body::json ->> 'found' AS found, back.body::json ->> 'why' AS why
FROM ferry.journal AS taken
LEFT JOIN LATERAL (SELECT * FROM ferry.journal AS b
                   WHERE b.run = taken.run AND b.kind = 'guard released' AND b.seq > taken.seq
                     AND b.body::json ->> 'guard' = taken.body::json ->> 'guard'
                   ORDER BY b.seq LIMIT 1) AS back ON true
WHERE taken.kind = 'guard taken';
COMMENT ON VIEW ferry.switched_off IS 'What was switched off for a run, since when, and when it was back on as it had been; on_again is empty while it is off';

CREATE VIEW ferry.chain AS
SELECT run.name AS run, record.seq, encode(record.hash, 'hex') AS hash,
       encode(coalesce(before.hash, decode(repeat('00', 32), 'hex')) || convert_to(run.name, 'UTF8') || '\x00'::bytea ||
              int8send(record.seq) || int8send(record.kind) || int8send(record.time_ms) || int8send(record.epoch) ||
              int8send(length(convert_to(record.body, 'UTF8'))) || convert_to(record.body, 'UTF8'), 'hex') AS hashed,
       record.hash = sha256(coalesce(before.hash, decode(repeat('00', 32), 'hex')) || convert_to(run.name, 'UTF8') || '\x00'::bytea ||
              int8send(record.seq) || int8send(record.kind) || int8send(record.time_ms) || int8send(record.epoch) ||
              int8send(length(convert_to(record.body, 'UTF8'))) || convert_to(record.body, 'UTF8')) AS good
FROM ferry.record
JOIN ferry.run ON run.number = record.run AND run.month = record.month
LEFT JOIN ferry.record AS before ON before.run = record.run AND before.month = record.month AND before.seq = record.seq - 1;
COMMENT ON VIEW ferry.chain IS 'What each hash was made of, and whether it fits: SELECT * FROM ferry.chain WHERE NOT good';

-- Retention: whole months of runs that are over. The lines of the runs stay, with where each one ended, so an export that
-- was kept is still known to be of this store; no other run has a link into what goes.
CREATE TABLE ferry.retired (
    run        bigint PRIMARY KEY REFERENCES ferry.run,
    records    bigint NOT NULL,
    hash       bytea NOT NULL,
    retired_at timestamptz NOT NULL DEFAULT now(),
    retired_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE ferry.retired IS 'Runs whose records retention has taken';
COMMENT ON COLUMN ferry.retired.run IS 'ferry.run.number';
COMMENT ON COLUMN ferry.retired.records IS 'How many there were';
COMMENT ON COLUMN ferry.retired.hash IS 'Of the last one: what the last line of the run''s export says';
COMMENT ON COLUMN ferry.retired.retired_at IS 'When';
COMMENT ON COLUMN ferry.retired.retired_by IS 'The login that did';

CREATE FUNCTION ferry.retire(before date) RETURNS TABLE (month date, runs bigint, records bigint)
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    old record;
    live text;
    bad text;
BEGIN
    FOR old IN SELECT DISTINCT r.month FROM ferry.run AS r
               WHERE r.month < date_trunc('month', retire.before)
                 AND to_regclass('ferry.record_' || to_char(r.month, 'YYYY_MM')) IS NOT NULL ORDER BY r.month LOOP
        SELECT r.name INTO live FROM ferry.run AS r WHERE r.month = old.month AND NOT r.final LIMIT 1;
        IF live IS NOT NULL THEN
            RAISE EXCEPTION 'the records of % stay: run % of that month is not over', to_char(old.month, 'YYYY-MM'), live
                USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        SELECT c.run INTO bad FROM ferry.chain AS c JOIN ferry.run AS r ON r.name = c.run
        WHERE r.month = old.month AND NOT c.good LIMIT 1;
        IF bad IS NOT NULL THEN
            RAISE EXCEPTION 'the records of % stay: run % is not what was written', to_char(old.month, 'YYYY-MM'), bad
                USING ERRCODE = 'data_corrupted';
        END IF;
        INSERT INTO ferry.retired (run, records, hash)
        SELECT r.number, last.seq, last.hash FROM ferry.run AS r
        CROSS JOIN LATERAL (SELECT x.seq, x.hash FROM ferry.record AS x WHERE x.month = r.month AND x.run = r.number
                            ORDER BY x.seq DESC LIMIT 1) AS last
        WHERE r.month = old.month;
        SELECT old.month, count(*), sum(t.records)::bigint INTO month, runs, records
        FROM ferry.retired AS t JOIN ferry.run AS r ON r.number = t.run WHERE r.month = old.month;
        EXECUTE format('DROP TABLE ferry.%I', 'record_' || to_char(old.month, 'YYYY_MM'));
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION ferry.retire(date) FROM PUBLIC;
COMMENT ON FUNCTION ferry.retire(date) IS 'Takes the records of runs accepted in the months before; the owner''s alone';

GRANT SELECT ON ALL TABLES IN SCHEMA ferry TO ferry_auditor;
GRANT SELECT ON ferry.retired TO ferry_engine;
