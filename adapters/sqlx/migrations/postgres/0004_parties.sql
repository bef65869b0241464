CREATE TABLE parties (
    session_id BYTEA NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    client_id  TEXT COLLATE "C" NOT NULL,
    joined_at  BIGINT NOT NULL,
    due_at     BIGINT,
    tries      BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (session_id, client_id)
);
CREATE INDEX parties_of_client ON parties (client_id);
CREATE INDEX parties_due ON parties (due_at) WHERE due_at IS NOT NULL;
