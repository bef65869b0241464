CREATE TABLE parties (
    session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    client_id  TEXT NOT NULL,
    joined_at  INTEGER NOT NULL,
    due_at     INTEGER,
    tries      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (session_id, client_id)
) STRICT;
CREATE INDEX parties_of_client ON parties (client_id);
CREATE INDEX parties_due ON parties (due_at) WHERE due_at IS NOT NULL;
