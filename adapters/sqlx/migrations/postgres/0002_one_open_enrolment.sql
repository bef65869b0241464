-- Those that are open may be two of one user. They live for minutes: whoever is in the middle of one begins again.
UPDATE ceremonies SET phase = 'burned' WHERE sign_in IS NULL AND user_id IS NOT NULL AND phase = 'open';
CREATE UNIQUE INDEX ceremonies_open_of_user ON ceremonies (user_id, kind) WHERE sign_in IS NULL AND phase = 'open';
