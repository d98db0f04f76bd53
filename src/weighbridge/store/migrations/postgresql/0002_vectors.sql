-- Vectors of passages. `space` names those that may be compared: of one model, asked in one way. A passage of a document
-- that is indexed anew keeps its vector where its words are the same.
CREATE TABLE passage_vectors (
    number  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    passage BIGINT NOT NULL REFERENCES passages (number),
    space   TEXT NOT NULL,
    vector  BYTEA NOT NULL, -- 32-bit floats, little end first, of length 1
    UNIQUE (passage, space)
);

CREATE INDEX passage_vectors_by_space ON passage_vectors (space, number);

-- Where whoever runs the database has made the extension pgvector, it compares them; else each gateway does.
DO $$
DECLARE place TEXT := (
    SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'vector'
);
BEGIN
    IF place IS NOT NULL THEN
        EXECUTE format('ALTER TABLE passage_vectors ALTER COLUMN vector TYPE %I.vector USING NULL', place);
    END IF;
END $$;

-- Who makes vectors now, so that two gateways do not pay for the same ones.
ALTER TABLE source_index ADD COLUMN indexer TEXT;
ALTER TABLE source_index ADD COLUMN indexer_until DOUBLE PRECISION NOT NULL DEFAULT 0;
