CREATE TABLE hardware_tokens (
    id           BLOB    PRIMARY KEY,
    manufacturer TEXT    NOT NULL,
    serial       TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    user_id      BLOB,
    credential   BLOB    UNIQUE,
    revision     INTEGER NOT NULL,
    counter      INTEGER NOT NULL,
    drift        INTEGER NOT NULL,
    since        INTEGER NOT NULL,
    expires_at   INTEGER,
    secret       BLOB    NOT NULL,
    UNIQUE (serial, manufacturer)
) STRICT;
