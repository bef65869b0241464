-- What was told before there was an outbox stays in the portal: nobody gets mail about last month.
UPDATE notices SET delivered_at = created_at WHERE delivered_at IS NULL;
ALTER TABLE notices ADD COLUMN due_at INTEGER;
CREATE INDEX notices_due ON notices (due_at) WHERE delivered_at IS NULL;
CREATE INDEX notices_waiting ON notices (user_id) WHERE delivered_at IS NULL;

CREATE TABLE messages (
    id         BLOB PRIMARY KEY,
    user_id    BLOB NOT NULL,
    channel    TEXT NOT NULL,
    body       BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    tries      INTEGER NOT NULL,
    due_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_due ON messages (due_at);
