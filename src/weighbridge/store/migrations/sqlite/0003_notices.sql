-- What came of the last try, so that an operator sees why a webhook was not told.
ALTER TABLE notices ADD COLUMN fault TEXT;

-- A notice holds an answer: nothing of it outlives its item.
CREATE TRIGGER reviews_take_their_notices AFTER DELETE ON reviews BEGIN
    DELETE FROM notices WHERE id = 'msg_' || OLD.id;
END;
