-- The tables of SQLite's migrations 0001 to 0009, and the same promises by triggers. Text is compared byte by byte, as
-- there: the order of identifiers is the order of time.
CREATE TABLE weighbridge_version (version integer NOT NULL);
INSERT INTO weighbridge_version VALUES (0);

-- Who writes locks this table until the commit: one at a time, over all gateways.
CREATE TABLE turn ();

-- One row a request. `rowid` grows in the order of commits, because one gateway writes at a time.
CREATE TABLE records (
    rowid        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           text COLLATE "C" NOT NULL UNIQUE,
    created_at   text COLLATE "C" NOT NULL,
    expires_at   text COLLATE "C" NOT NULL,
    caller       text COLLATE "C" NOT NULL,
    task         text COLLATE "C",
    status       text COLLATE "C" NOT NULL,
    served_model text COLLATE "C",
    is_fallback  integer NOT NULL,
    cost_pico    bigint,
    counted_pico bigint NOT NULL,
    body         text NOT NULL
);

CREATE INDEX records_by_expiry ON records (expires_at);
CREATE INDEX records_by_task ON records (task, id);
CREATE INDEX records_by_model ON records (served_model, id);
CREATE INDEX records_by_caller ON records (caller, id);
CREATE INDEX records_not_answered ON records (status, id) WHERE status <> 'answered';
CREATE INDEX records_by_fallback ON records (id) WHERE is_fallback = 1;

CREATE TABLE spend (
    day      text COLLATE "C" NOT NULL,
    caller   text COLLATE "C" NOT NULL,
    task     text COLLATE "C" NOT NULL,
    usd      bigint NOT NULL,
    pico     bigint NOT NULL,
    requests bigint NOT NULL,
    PRIMARY KEY (day, caller, task)
);

CREATE FUNCTION count_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO spend VALUES (
        substr(NEW.created_at, 1, 10), NEW.caller, coalesce(NEW.task, ''),
        NEW.counted_pico / 1000000000000, NEW.counted_pico % 1000000000000, 1
    )
    ON CONFLICT (day, caller, task) DO UPDATE SET
        usd = spend.usd + excluded.usd + (spend.pico + excluded.pico) / 1000000000000,
        pico = (spend.pico + excluded.pico) % 1000000000000,
        requests = spend.requests + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER records_are_counted AFTER INSERT ON records FOR EACH ROW EXECUTE FUNCTION count_record();

CREATE TABLE reviews (
    id         text COLLATE "C" PRIMARY KEY,
    record_id  text COLLATE "C" NOT NULL,
    created_at text COLLATE "C" NOT NULL,
    deadline   text COLLATE "C" NOT NULL,
    task       text COLLATE "C" NOT NULL,
    caller     text COLLATE "C" NOT NULL,
    state      text COLLATE "C" NOT NULL,
    assignee   text COLLATE "C",
    version    bigint NOT NULL,
    body       text NOT NULL
);

CREATE INDEX reviews_by_record ON reviews (record_id);
CREATE INDEX reviews_by_state ON reviews (state, id);
CREATE INDEX reviews_by_task ON reviews (task, id);
CREATE INDEX reviews_by_caller ON reviews (caller, id);
CREATE INDEX reviews_undecided ON reviews (deadline) WHERE state IN ('open', 'claimed');

CREATE TABLE notices (
    id       text COLLATE "C" PRIMARY KEY,
    task     text COLLATE "C" NOT NULL,
    due_at   text COLLATE "C" NOT NULL,
    attempts bigint NOT NULL,
    body     text NOT NULL,
    fault    text
);

CREATE INDEX notices_due ON notices (due_at);

CREATE TABLE feedback (
    id         text COLLATE "C" PRIMARY KEY,
    record_id  text COLLATE "C" NOT NULL,
    created_at text COLLATE "C" NOT NULL,
    body       text NOT NULL
);

CREATE INDEX feedback_by_record ON feedback (record_id, id);

CREATE TABLE drift (
    task  text COLLATE "C" NOT NULL,
    model text COLLATE "C" NOT NULL,
    body  text NOT NULL,
    PRIMARY KEY (task, model)
);

CREATE TABLE drift_seen (
    one        integer PRIMARY KEY CHECK (one = 1),
    records    bigint NOT NULL,
    hindsights bigint NOT NULL
);
INSERT INTO drift_seen VALUES (1, 0, 0);

CREATE TABLE hindsights (
    seq       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    record_id text COLLATE "C" NOT NULL,
    monitor   text COLLATE "C" NOT NULL,
    value     double precision NOT NULL
);

CREATE INDEX hindsights_by_record ON hindsights (record_id);

-- Nothing is left of a record whose time is over, except what a person has still to decide.
CREATE FUNCTION forget_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM feedback WHERE record_id = OLD.id;
    DELETE FROM reviews WHERE record_id = OLD.id AND state NOT IN ('open', 'claimed');
    DELETE FROM hindsights WHERE record_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER records_take_what_is_theirs AFTER DELETE ON records FOR EACH ROW EXECUTE FUNCTION forget_record();

-- A notice holds an answer: nothing of it outlives its item.
CREATE FUNCTION forget_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM notices WHERE id = 'msg_' || OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER reviews_take_their_notices AFTER DELETE ON reviews FOR EACH ROW EXECUTE FUNCTION forget_notice();

CREATE FUNCTION look_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state IN ('approved', 'corrected', 'rejected') AND OLD.state NOT IN ('approved', 'corrected', 'rejected')
        AND NEW.body::json ->> 'reason' <> 'drift' THEN
        INSERT INTO hindsights (record_id, monitor, value)
        VALUES (NEW.record_id, 'corrected', (NEW.state <> 'approved')::integer);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER reviews_are_looked_back_on AFTER UPDATE OF state ON reviews FOR EACH ROW EXECUTE FUNCTION look_back();

CREATE TABLE documents (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          text COLLATE "C" NOT NULL UNIQUE,
    collection  text COLLATE "C" NOT NULL,
    origin      text NOT NULL,
    digest      text NOT NULL,
    sensitivity integer NOT NULL,
    readers     text,
    body        text NOT NULL
);

CREATE INDEX documents_by_collection ON documents (collection, id);

CREATE TABLE supersessions (
    replaced text COLLATE "C" NOT NULL,
    document bigint NOT NULL REFERENCES documents (number),
    since    text COLLATE "C",
    PRIMARY KEY (replaced, document)
);

CREATE INDEX supersessions_by_document ON supersessions (document);

-- `words` are stems that the gateway cut itself, so that both stores find by the same words.
CREATE TABLE passages (
    number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document bigint NOT NULL REFERENCES documents (number),
    id       text COLLATE "C" NOT NULL UNIQUE,
    heading  text NOT NULL,
    start    bigint NOT NULL,
    finish   bigint NOT NULL,
    text     text NOT NULL,
    words    tsvector NOT NULL
);

CREATE INDEX passages_by_document ON passages (document);
CREATE INDEX passages_by_words ON passages USING gin (words) WITH (fastupdate = off);

CREATE TABLE source_index (version bigint NOT NULL);
INSERT INTO source_index VALUES (0);

CREATE TABLE conversation_states (
    prefix     text COLLATE "C" PRIMARY KEY,
    covered    bigint NOT NULL,
    state      text NOT NULL,
    expires_at text COLLATE "C" NOT NULL
);

CREATE INDEX conversation_states_by_expiry ON conversation_states (expires_at);

CREATE TABLE accounts (
    budget       text COLLATE "C" NOT NULL,
    holder       text COLLATE "C" NOT NULL,
    begins       bigint NOT NULL,
    spent_pico   bigint NOT NULL,
    held_pico    bigint NOT NULL,
    spent_tokens bigint NOT NULL,
    held_tokens  bigint NOT NULL,
    warned       double precision NOT NULL DEFAULT 0,
    PRIMARY KEY (budget, holder, begins)
) WITH (fillfactor = 50);
-- Half of each page is left for new versions of its rows: a busy account changes a thousand times a second.

CREATE INDEX accounts_by_period ON accounts (begins);

CREATE TABLE holds (
    id           text COLLATE "C" PRIMARY KEY,
    record_id    text NOT NULL,
    at           double precision NOT NULL,
    lease_until  double precision NOT NULL,
    pico         bigint NOT NULL,
    tokens       bigint NOT NULL,
    accounts     text NOT NULL,
    kind         text,
    spent_pico   bigint,
    spent_tokens bigint
);

CREATE INDEX holds_by_lease ON holds (lease_until);

CREATE TABLE transfers (
    number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        double precision NOT NULL,
    budget    text COLLATE "C" NOT NULL,
    holder    text COLLATE "C" NOT NULL,
    begins    bigint NOT NULL,
    source    text NOT NULL CHECK (source IN ('free', 'held', 'spent')),
    target    text NOT NULL CHECK (target IN ('free', 'held', 'spent') AND target <> source),
    pico      bigint NOT NULL CHECK (pico >= 0),
    tokens    bigint NOT NULL CHECK (tokens >= 0),
    kind      text NOT NULL CHECK (kind IN ('opened', 'held', 'settled', 'estimated', 'lost', 'returned', 'overrun')),
    hold_id   text COLLATE "C" NOT NULL,
    record_id text COLLATE "C" NOT NULL
);

CREATE INDEX transfers_by_period ON transfers (begins);

CREATE VIEW entries AS
    SELECT number, at, budget, holder, begins, source AS side, -pico AS pico, -tokens AS tokens, kind, hold_id, record_id
    FROM transfers
    UNION ALL
    SELECT number, at, budget, holder, begins, target, pico, tokens, kind, hold_id, record_id FROM transfers;

-- Triggers, so that no money can be set aside or spent without its place in the accounts and in the book.
CREATE FUNCTION book_hold() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    account json;
BEGIN
    FOR account IN SELECT json_array_elements(NEW.accounts::json) LOOP
        UPDATE accounts SET held_pico = held_pico + NEW.pico, held_tokens = held_tokens + NEW.tokens
        WHERE budget = account ->> 0 AND holder = account ->> 1 AND begins = (account ->> 2)::bigint;

        INSERT INTO transfers (at, budget, holder, begins, source, target, pico, tokens, kind, hold_id, record_id)
        VALUES (NEW.at, account ->> 0, account ->> 1, (account ->> 2)::bigint, 'free', 'held', NEW.pico, NEW.tokens,
            'held', NEW.id, NEW.record_id);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER holds_are_booked AFTER INSERT ON holds FOR EACH ROW EXECUTE FUNCTION book_hold();

CREATE FUNCTION settle_hold() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    account json;
BEGIN
    FOR account IN SELECT json_array_elements(NEW.accounts::json) LOOP
        UPDATE accounts SET
            held_pico = held_pico - NEW.pico,
            held_tokens = held_tokens - NEW.tokens,
            spent_pico = spent_pico + NEW.spent_pico,
            spent_tokens = spent_tokens + NEW.spent_tokens
        WHERE budget = account ->> 0 AND holder = account ->> 1 AND begins = (account ->> 2)::bigint;

        -- What was spent within the hold, what goes back, and what is over.
        INSERT INTO transfers (at, budget, holder, begins, source, target, pico, tokens, kind, hold_id, record_id)
        SELECT NEW.at, account ->> 0, account ->> 1, (account ->> 2)::bigint, m.source, m.target, m.pico, m.tokens, m.kind,
            NEW.id, NEW.record_id
        FROM (VALUES
            ('held', 'spent', NEW.kind, least(NEW.spent_pico, NEW.pico), least(NEW.spent_tokens, NEW.tokens)),
            ('held', 'free', 'returned', greatest(0, NEW.pico - NEW.spent_pico),
                greatest(0, NEW.tokens - NEW.spent_tokens)),
            ('free', 'spent', 'overrun', greatest(0, NEW.spent_pico - NEW.pico),
                greatest(0, NEW.spent_tokens - NEW.tokens))
        ) AS m (source, target, kind, pico, tokens)
        WHERE m.pico > 0 OR m.tokens > 0;
    END LOOP;
    DELETE FROM holds WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER holds_are_settled AFTER UPDATE OF kind ON holds FOR EACH ROW EXECUTE FUNCTION settle_hold();

CREATE TABLE keys (
    id         text COLLATE "C" PRIMARY KEY,
    name       text COLLATE "C" NOT NULL,
    digest     bytea NOT NULL UNIQUE,
    expires_at text COLLATE "C",
    revoked_at text COLLATE "C",
    body       text NOT NULL
);

CREATE INDEX keys_by_name ON keys (name);

CREATE TABLE key_version (
    one     integer PRIMARY KEY CHECK (one = 1),
    version bigint NOT NULL
);
INSERT INTO key_version VALUES (1, 0);

CREATE FUNCTION notice_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE key_version SET version = version + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER keys_are_noticed AFTER INSERT OR UPDATE ON keys FOR EACH STATEMENT EXECUTE FUNCTION notice_keys();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER keys_are_kept BEFORE DELETE OR TRUNCATE ON keys
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('keys are revoked, not deleted');

CREATE TABLE audit (
    number  bigint PRIMARY KEY,
    at      text COLLATE "C" NOT NULL,
    actor   text NOT NULL,
    action  text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    detail  text NOT NULL,
    chained text COLLATE "C" NOT NULL
);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the audit log is append-only');

CREATE TABLE kept_answers (
    key        text COLLATE "C" PRIMARY KEY,
    expires_at double precision NOT NULL,
    body       text NOT NULL
);

CREATE INDEX kept_answers_by_expiry ON kept_answers (expires_at);
