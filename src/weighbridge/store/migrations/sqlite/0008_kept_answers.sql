-- Answers that tasks allow to be given again: `key` is a digest of all that decides the answer.
CREATE TABLE kept_answers (
    key        TEXT NOT NULL PRIMARY KEY,
    expires_at REAL NOT NULL,
    body       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX kept_answers_by_expiry ON kept_answers (expires_at);
