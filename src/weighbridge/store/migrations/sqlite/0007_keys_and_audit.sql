-- Keys that the gateway made: a keyed hash, and who holds it. Each change moves the version on, by which processes notice.
CREATE TABLE keys (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    digest     BLOB NOT NULL UNIQUE,
    expires_at TEXT,
    revoked_at TEXT,
    body       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX keys_by_name ON keys (name);

CREATE TABLE key_version (
    one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL
) STRICT;

INSERT INTO key_version VALUES (1, 0);

CREATE TRIGGER keys_are_noticed_when_made AFTER INSERT ON keys BEGIN
    UPDATE key_version SET version = version + 1;
END;

CREATE TRIGGER keys_are_noticed_when_changed AFTER UPDATE ON keys BEGIN
    UPDATE key_version SET version = version + 1;
END;

CREATE TRIGGER keys_are_kept BEFORE DELETE ON keys BEGIN
    SELECT RAISE(ABORT, 'keys are revoked, not deleted');
END;

-- Every request and every change by an operator, each bound to the one before by its hash.
CREATE TABLE audit (
    number  INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,
    chained TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
