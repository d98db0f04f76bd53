-- Every key lists its own records; without this a key with few of them would have all be looked through.
CREATE INDEX records_by_caller ON records (caller, id);
