-- What a device is asked about may belong to a sign-in.
DROP INDEX ceremonies_of_user;
CREATE INDEX ceremonies_of_user ON ceremonies (user_id) WHERE phase = 'open';
