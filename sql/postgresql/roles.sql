-- SPDX-License-Identifier: Apache-2.0
-- What has to be there before the first migration: three roles that nobody logs in as, and the schema.
-- "ferry store migrate" runs this when something of it is missing; whoever may not create roles gives it to
-- the administrator, once for each database:   psql -d DATABASE -f roles.sql
--
--   ferry_owner    owns the tables; migrations and retention run as it
--   ferry_engine   what ferryd logs in as is a member of it: inserts records and reads them
--   ferry_auditor  reads
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ferry_owner', 'ferry_engine', 'ferry_auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', name);
                IF name = 'ferry_owner' THEN -- whoever made it migrates with it
                    EXECUTE pg_catalog.format('GRANT ferry_owner TO %I', current_user);
                END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of this cluster was prepared at the same time
            END;
        END IF;
    END LOOP;
END
$$;
CREATE SCHEMA IF NOT EXISTS ferry AUTHORIZATION ferry_owner;
COMMENT ON SCHEMA ferry IS 'Ferry: the journal of every upgrade, and the engines that share it';
GRANT USAGE ON SCHEMA ferry TO ferry_engine, ferry_auditor;
