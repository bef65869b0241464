-- Which applications are to be told that they can ask again about a person who was asked without a browser.
CREATE TABLE pings (
    sign_in   BYTEA PRIMARY KEY REFERENCES sign_ins (id) ON DELETE CASCADE,
    client_id TEXT COLLATE "C" NOT NULL,
    due_at    BIGINT,
    tries     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX pings_of_client ON pings (client_id);
CREATE INDEX pings_due ON pings (due_at) WHERE due_at IS NOT NULL;
