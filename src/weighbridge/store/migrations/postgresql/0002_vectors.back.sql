-- Lost: vectors of passages. A newer Weighbridge makes them anew, and pays for them again.
DROP TABLE passage_vectors;
ALTER TABLE source_index DROP COLUMN indexer_until, DROP COLUMN indexer;
