CREATE TABLE grants (
    id         BLOB    PRIMARY KEY,
    client_id  TEXT    NOT NULL,
    user_id    BLOB    NOT NULL,
    session_id BLOB    NOT NULL,
    browser    BLOB    NOT NULL,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at   INTEGER,
    doc        TEXT    NOT NULL
) STRICT;
CREATE INDEX grants_of_user ON grants (user_id);
CREATE INDEX grants_of_session ON grants (session_id);
CREATE INDEX grants_of_client ON grants (client_id);
CREATE INDEX grants_over ON grants (expires_at);

-- What was allowed before this has no id: codes of it do not name it.
ALTER TABLE consents ADD COLUMN id BLOB;
CREATE UNIQUE INDEX consents_by_id ON consents (id);
