-- Documents that answers may draw on. The columns beside `body` are what searches filter on; `body` holds all labels.
CREATE TABLE documents (
    number      INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    collection  TEXT NOT NULL,
    origin      TEXT NOT NULL,
    digest      TEXT NOT NULL,
    sensitivity INTEGER NOT NULL,
    readers     TEXT,
    body        TEXT NOT NULL
) STRICT;

CREATE INDEX documents_by_collection ON documents (collection, id);

-- Which document says that it takes the place of which document or passage, and from which day on.
CREATE TABLE supersessions (
    replaced TEXT NOT NULL,
    document INTEGER NOT NULL REFERENCES documents (number),
    since    TEXT,
    PRIMARY KEY (replaced, document)
) STRICT, WITHOUT ROWID;

CREATE INDEX supersessions_by_document ON supersessions (document);

CREATE TABLE passages (
    number   INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents (number),
    id       TEXT NOT NULL UNIQUE,
    heading  TEXT NOT NULL,
    start    INTEGER NOT NULL,
    finish   INTEGER NOT NULL,
    text     TEXT NOT NULL
) STRICT;

CREATE INDEX passages_by_document ON passages (document);

CREATE VIRTUAL TABLE passage_words USING fts5 (
    heading, text, content = 'passages', content_rowid = 'number',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

-- Triggers, so that no passage can be found that is not there, nor be there and not be found.
CREATE TRIGGER passages_are_indexed AFTER INSERT ON passages BEGIN
    INSERT INTO passage_words (rowid, heading, text) VALUES (NEW.number, NEW.heading, NEW.text);
END;

CREATE TRIGGER passages_are_forgotten AFTER DELETE ON passages BEGIN
    INSERT INTO passage_words (passage_words, rowid, heading, text)
    VALUES ('delete', OLD.number, OLD.heading, OLD.text);
END;

-- Goes up with every change, so that what was counted in the index is known to be stale.
CREATE TABLE source_index (version INTEGER NOT NULL) STRICT;

INSERT INTO source_index VALUES (0);

-- What stands for the older part of a conversation, by the digest of the messages that it covers.
CREATE TABLE conversation_states (
    prefix     TEXT PRIMARY KEY,
    covered    INTEGER NOT NULL,
    state      TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX conversation_states_by_expiry ON conversation_states (expires_at);
