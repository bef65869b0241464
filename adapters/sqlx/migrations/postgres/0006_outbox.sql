-- What was told before there was an outbox stays in the portal: nobody gets mail about last month.
UPDATE notices SET delivered_at = created_at WHERE delivered_at IS NULL;
ALTER TABLE notices ADD COLUMN due_at BIGINT;
CREATE INDEX notices_due ON notices (due_at) WHERE delivered_at IS NULL;
CREATE INDEX notices_waiting ON notices (user_id) WHERE delivered_at IS NULL;

CREATE TABLE messages (
    id         BYTEA PRIMARY KEY,
    user_id    BYTEA NOT NULL,
    channel    TEXT NOT NULL,
    body       BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    tries      BIGINT NOT NULL,
    due_at     BIGINT NOT NULL
);
CREATE INDEX messages_due ON messages (due_at);
