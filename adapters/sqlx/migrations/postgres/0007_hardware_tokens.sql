CREATE TABLE hardware_tokens (
    id           BYTEA  PRIMARY KEY,
    manufacturer TEXT   COLLATE "C" NOT NULL,
    serial       TEXT   COLLATE "C" NOT NULL,
    kind         TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    user_id      BYTEA,
    credential   BYTEA  UNIQUE,
    revision     BIGINT NOT NULL,
    counter      BIGINT NOT NULL,
    drift        BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    expires_at   BIGINT,
    secret       BYTEA  NOT NULL,
    UNIQUE (serial, manufacturer)
);
