-- One row an answer that a person decides on. `body` is the whole item as JSON, the columns are what is filtered on.
CREATE TABLE reviews (
    id         TEXT NOT NULL PRIMARY KEY,
    record_id  TEXT NOT NULL,
    created_at TEXT NOT NULL,
    deadline   TEXT NOT NULL,
    task       TEXT NOT NULL,
    caller     TEXT NOT NULL,
    state      TEXT NOT NULL,
    assignee   TEXT,
    version    INTEGER NOT NULL,
    body       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX reviews_by_record ON reviews (record_id);
CREATE INDEX reviews_by_state ON reviews (state, id);
CREATE INDEX reviews_by_task ON reviews (task, id);
CREATE INDEX reviews_by_caller ON reviews (caller, id);
CREATE INDEX reviews_undecided ON reviews (deadline) WHERE state IN ('open', 'claimed');

-- What is still to be told to webhooks: written together with the decision, deleted when it was delivered.
CREATE TABLE notices (
    id       TEXT NOT NULL PRIMARY KEY,
    task     TEXT NOT NULL,
    due_at   TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX notices_due ON notices (due_at);

-- What callers and reviewers said of an answer, many a record.
CREATE TABLE feedback (
    id         TEXT NOT NULL PRIMARY KEY,
    record_id  TEXT NOT NULL,
    created_at TEXT NOT NULL,
    body       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX feedback_by_record ON feedback (record_id, id);

-- Nothing is left of a record whose time is over, except what a person has still to decide.
CREATE TRIGGER records_take_their_feedback AFTER DELETE ON records BEGIN
    DELETE FROM feedback WHERE record_id = OLD.id;
    DELETE FROM reviews WHERE record_id = OLD.id AND state NOT IN ('open', 'claimed');
END;
