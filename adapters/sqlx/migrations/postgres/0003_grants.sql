CREATE TABLE grants (
    id         BYTEA  PRIMARY KEY,
    client_id  TEXT   COLLATE "C" NOT NULL,
    user_id    BYTEA  NOT NULL,
    session_id BYTEA  NOT NULL,
    browser    BYTEA  NOT NULL,
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at   BIGINT,
    doc        TEXT   NOT NULL
);
CREATE INDEX grants_of_user ON grants (user_id);
CREATE INDEX grants_of_session ON grants (session_id);
CREATE INDEX grants_of_client ON grants (client_id);
CREATE INDEX grants_over ON grants (expires_at);

-- What was allowed before this has no id: codes of it do not name it.
ALTER TABLE consents ADD COLUMN id BYTEA;
CREATE UNIQUE INDEX consents_by_id ON consents (id);
