-- Which applications are to be told that they can ask again about a person who was asked without a browser.
CREATE TABLE pings (
    sign_in   BLOB PRIMARY KEY NOT NULL REFERENCES sign_ins (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    due_at    INTEGER,
    tries     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX pings_of_client ON pings (client_id);
CREATE INDEX pings_due ON pings (due_at) WHERE due_at IS NOT NULL;
