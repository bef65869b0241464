CREATE TABLE users (
    id          BYTEA  PRIMARY KEY,
    login       TEXT   COLLATE "C" NOT NULL UNIQUE,
    state       TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    profile     TEXT   NOT NULL
);

CREATE TABLE credentials (
    id          BYTEA  PRIMARY KEY,
    user_id     BYTEA  NOT NULL,
    kind        TEXT   NOT NULL,
    handle      BYTEA,
    counter     BIGINT NOT NULL,
    consumed_at BIGINT,
    created_at  BIGINT NOT NULL,
    secret      BYTEA  NOT NULL,
    UNIQUE (kind, handle)
);
CREATE INDEX credentials_of_user ON credentials (user_id);

CREATE TABLE devices (
    id          BYTEA  PRIMARY KEY,
    user_id     BYTEA  NOT NULL,
    thumbprint  BYTEA  NOT NULL UNIQUE,
    state       TEXT   NOT NULL,
    revision    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL,
    facts       TEXT   NOT NULL,
    secrets     BYTEA  NOT NULL
);
CREATE INDEX devices_of_user ON devices (user_id);

CREATE TABLE sign_ins (
    id          BYTEA   PRIMARY KEY,
    revision    BIGINT  NOT NULL,
    browser     BYTEA   NOT NULL,
    address     TEXT    NOT NULL,
    open        BOOLEAN NOT NULL,
    created_at  BIGINT  NOT NULL,
    expires_at  BIGINT  NOT NULL,
    body        BYTEA   NOT NULL
);
CREATE INDEX sign_ins_open_of_browser ON sign_ins (browser) WHERE open;
CREATE INDEX sign_ins_open_of_address ON sign_ins (address) WHERE open;
CREATE INDEX sign_ins_over ON sign_ins (expires_at);

CREATE TABLE ceremonies (
    id          BYTEA  PRIMARY KEY,
    kind        TEXT   NOT NULL,
    sign_in     BYTEA,
    user_id     BYTEA,
    device      BYTEA,
    phase       TEXT   NOT NULL,
    tries_left  BIGINT NOT NULL,
    revision    BIGINT NOT NULL,
    user_code   BYTEA,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    body        BYTEA  NOT NULL
);
CREATE UNIQUE INDEX ceremonies_open_by_code ON ceremonies (user_code) WHERE phase = 'open';
CREATE INDEX ceremonies_of_sign_in ON ceremonies (sign_in);
CREATE INDEX ceremonies_of_user ON ceremonies (user_id) WHERE sign_in IS NULL;
CREATE INDEX ceremonies_over ON ceremonies (expires_at);

CREATE TABLE marks (
    key         BYTEA  PRIMARY KEY,
    answer      BYTEA,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX marks_over ON marks (expires_at);

CREATE TABLE throttles (
    key         BYTEA  PRIMARY KEY,
    failures    BIGINT NOT NULL,
    not_before  BIGINT NOT NULL
);

CREATE TABLE rates (
    key        BYTEA  PRIMARY KEY,
    count      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX rates_over ON rates (expires_at);

CREATE TABLE sessions (
    id              BYTEA  PRIMARY KEY,
    secret          BYTEA  NOT NULL UNIQUE,
    sign_in         BYTEA  NOT NULL UNIQUE,
    user_id         BYTEA  NOT NULL,
    created_at      BIGINT NOT NULL,
    used_at         BIGINT NOT NULL,
    idle_expires_at BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    ended_at        BIGINT,
    browser         BYTEA  NOT NULL,
    facts           TEXT   NOT NULL,
    over_at         BIGINT NOT NULL GENERATED ALWAYS AS (LEAST(idle_expires_at, expires_at, ended_at)) STORED
);
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_over ON sessions (over_at);

CREATE TABLE known_browsers (
    browser     BYTEA  NOT NULL,
    user_id     BYTEA  NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (browser, user_id)
);
CREATE INDEX known_browsers_of_user ON known_browsers (user_id);
CREATE INDEX known_browsers_over ON known_browsers (expires_at);

CREATE TABLE server_keys (
    purpose     TEXT   NOT NULL,
    number      BIGINT NOT NULL,
    private     BYTEA  NOT NULL,
    created_at  BIGINT NOT NULL,
    not_before  BIGINT NOT NULL,
    not_after   BIGINT NOT NULL,
    PRIMARY KEY (purpose, number)
);

CREATE TABLE notices (
    seq          BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    id           BYTEA  NOT NULL,
    user_id      BYTEA  NOT NULL,
    notice       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    delivered_at BIGINT
);
CREATE INDEX notices_of_user ON notices (user_id, seq);
CREATE INDEX notices_over ON notices (created_at) WHERE delivered_at IS NOT NULL;

CREATE TABLE audit (
    seq         BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    id          BYTEA  NOT NULL,
    occurred_at BIGINT NOT NULL,
    user_id     BYTEA,
    event       TEXT   NOT NULL
);
CREATE INDEX audit_of_user ON audit (user_id, seq);

CREATE TABLE clients (
    client_id   TEXT   COLLATE "C" PRIMARY KEY,
    doc         TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    revision    BIGINT NOT NULL
);

CREATE TABLE consents (
    user_id     BYTEA  NOT NULL,
    client_id   TEXT   COLLATE "C" NOT NULL,
    doc         TEXT   NOT NULL,
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consents_of_client ON consents (client_id);
