-- One row a model on a task: `body` is the evidence since its proof, or what ended it, as JSON.
CREATE TABLE drift (
    task  TEXT NOT NULL,
    model TEXT NOT NULL,
    body  TEXT NOT NULL,
    PRIMARY KEY (task, model)
) STRICT, WITHOUT ROWID;

-- Up to where the two feeds were read: whoever moves it on writes the evidence in the same transaction.
CREATE TABLE drift_seen (
    one        INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    records    INTEGER NOT NULL,
    hindsights INTEGER NOT NULL
) STRICT;

INSERT INTO drift_seen VALUES (1, 0, 0);

-- What turned out about an answer after its record was written.
CREATE TABLE hindsights (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    record_id TEXT NOT NULL,
    monitor   TEXT NOT NULL,
    value     REAL NOT NULL
) STRICT;

CREATE INDEX hindsights_by_record ON hindsights (record_id);

CREATE TRIGGER reviews_are_looked_back_on AFTER UPDATE OF state ON reviews
WHEN NEW.state IN ('approved', 'corrected', 'rejected') AND OLD.state NOT IN ('approved', 'corrected', 'rejected')
    AND json_extract(NEW.body, '$.reason') <> 'drift'
BEGIN
    INSERT INTO hindsights (record_id, monitor, value) VALUES (NEW.record_id, 'corrected', NEW.state <> 'approved');
END;

CREATE TRIGGER records_take_their_hindsights AFTER DELETE ON records BEGIN
    DELETE FROM hindsights WHERE record_id = OLD.id;
    -- Numbers of rows deleted at the end are given out again: what gets them has not been looked at.
    UPDATE drift_seen SET records = min(records, (SELECT coalesce(max(rowid), 0) FROM records));
END;
