CREATE TABLE users (
    id         BLOB    PRIMARY KEY,
    login      TEXT    NOT NULL UNIQUE,
    state      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    profile    TEXT    NOT NULL
) STRICT;

CREATE TABLE credentials (
    id          BLOB    PRIMARY KEY,
    user_id     BLOB    NOT NULL,
    kind        TEXT    NOT NULL,
    handle      BLOB,
    counter     INTEGER NOT NULL,
    consumed_at INTEGER,
    created_at  INTEGER NOT NULL,
    secret      BLOB    NOT NULL,
    UNIQUE (kind, handle)
) STRICT;
CREATE INDEX credentials_of_user ON credentials (user_id);

CREATE TABLE devices (
    id         BLOB    PRIMARY KEY,
    user_id    BLOB    NOT NULL,
    thumbprint BLOB    NOT NULL UNIQUE,
    state      TEXT    NOT NULL,
    revision   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    facts      TEXT    NOT NULL,
    secrets    BLOB    NOT NULL
) STRICT;
CREATE INDEX devices_of_user ON devices (user_id);

CREATE TABLE sign_ins (
    id         BLOB    PRIMARY KEY,
    revision   INTEGER NOT NULL,
    browser    BLOB    NOT NULL,
    address    TEXT    NOT NULL,
    open       INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    body       BLOB    NOT NULL
) STRICT;
CREATE INDEX sign_ins_open_of_browser ON sign_ins (browser) WHERE open;
CREATE INDEX sign_ins_open_of_address ON sign_ins (address) WHERE open;
CREATE INDEX sign_ins_over ON sign_ins (expires_at);

CREATE TABLE ceremonies (
    id         BLOB    PRIMARY KEY,
    kind       TEXT    NOT NULL,
    sign_in    BLOB,
    user_id    BLOB,
    device     BLOB,
    phase      TEXT    NOT NULL,
    tries_left INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    user_code  BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    body       BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX ceremonies_open_by_code ON ceremonies (user_code) WHERE phase = 'open';
CREATE INDEX ceremonies_of_sign_in ON ceremonies (sign_in);
CREATE INDEX ceremonies_of_user ON ceremonies (user_id) WHERE sign_in IS NULL;
CREATE INDEX ceremonies_over ON ceremonies (expires_at);

CREATE TABLE marks (
    key        BLOB    PRIMARY KEY,
    answer     BLOB,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX marks_over ON marks (expires_at);

CREATE TABLE throttles (
    key        BLOB    PRIMARY KEY,
    failures   INTEGER NOT NULL,
    not_before INTEGER NOT NULL
) STRICT;

CREATE TABLE rates (
    key        BLOB    PRIMARY KEY,
    count      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX rates_over ON rates (expires_at);

CREATE TABLE sessions (
    id              BLOB    PRIMARY KEY,
    secret          BLOB    NOT NULL UNIQUE,
    sign_in         BLOB    NOT NULL UNIQUE,
    user_id         BLOB    NOT NULL,
    created_at      INTEGER NOT NULL,
    used_at         INTEGER NOT NULL,
    idle_expires_at INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    ended_at        INTEGER,
    browser         BLOB    NOT NULL,
    facts           TEXT    NOT NULL,
    over_at         INTEGER NOT NULL GENERATED ALWAYS AS (MIN(idle_expires_at, expires_at, COALESCE(ended_at, expires_at))) STORED
) STRICT;
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_over ON sessions (over_at);

CREATE TABLE known_browsers (
    browser    BLOB    NOT NULL,
    user_id    BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (browser, user_id)
) STRICT;
CREATE INDEX known_browsers_of_user ON known_browsers (user_id);
CREATE INDEX known_browsers_over ON known_browsers (expires_at);

CREATE TABLE server_keys (
    purpose    TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    private    BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    not_after  INTEGER NOT NULL,
    PRIMARY KEY (purpose, number)
) STRICT;

CREATE TABLE notices (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           BLOB    NOT NULL,
    user_id      BLOB    NOT NULL,
    notice       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    delivered_at INTEGER
) STRICT;
CREATE INDEX notices_of_user ON notices (user_id, seq);
CREATE INDEX notices_over ON notices (created_at) WHERE delivered_at IS NOT NULL;

CREATE TABLE audit (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          BLOB    NOT NULL,
    occurred_at INTEGER NOT NULL,
    user_id     BLOB,
    event       TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_of_user ON audit (user_id, seq);

CREATE TABLE clients (
    client_id  TEXT    PRIMARY KEY,
    doc        TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL
) STRICT;

CREATE TABLE consents (
    user_id    BLOB    NOT NULL,
    client_id  TEXT    NOT NULL,
    doc        TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, client_id)
) STRICT;
CREATE INDEX consents_of_client ON consents (client_id);
