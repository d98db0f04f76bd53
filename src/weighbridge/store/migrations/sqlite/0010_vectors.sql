-- Vectors of passages. `space` names those that may be compared: of one model, asked in one way. A passage of a document
-- that is indexed anew keeps its vector where its words are the same.
CREATE TABLE passage_vectors (
    number  INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice, so that what came since can be asked for
    passage INTEGER NOT NULL REFERENCES passages (number),
    space   TEXT NOT NULL,
    vector  BLOB NOT NULL, -- 32-bit floats, little end first, of length 1
    UNIQUE (passage, space)
) STRICT;

CREATE INDEX passage_vectors_by_space ON passage_vectors (space, number);

-- Who makes vectors now, so that two gateways do not pay for the same ones.
ALTER TABLE source_index ADD COLUMN indexer TEXT;
ALTER TABLE source_index ADD COLUMN indexer_until REAL NOT NULL DEFAULT 0;
