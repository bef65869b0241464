-- Service providers of SAML: what each says of itself (its metadata, canonical), and what the administrator decided (doc).
CREATE TABLE service_providers (
    entity_id   TEXT PRIMARY KEY NOT NULL,
    doc         TEXT NOT NULL,
    metadata    TEXT NOT NULL,
    source      TEXT,
    valid_until INTEGER,
    launched    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    revision    INTEGER NOT NULL
) STRICT;
CREATE INDEX service_providers_of_source ON service_providers (source) WHERE source IS NOT NULL;
CREATE INDEX service_providers_launched ON service_providers (entity_id) WHERE launched <> 0;
-- Where metadata comes from that is fetched again.
CREATE TABLE metadata_sources (
    address  TEXT PRIMARY KEY NOT NULL,
    doc      TEXT NOT NULL,
    due_at   INTEGER,
    revision INTEGER NOT NULL
) STRICT;
CREATE INDEX metadata_sources_due ON metadata_sources (due_at) WHERE due_at IS NOT NULL;
-- The service providers of a federation while its file is read: nothing here may be believed.
CREATE TABLE staged_providers (
    staging     BLOB NOT NULL,
    entity_id   TEXT NOT NULL,
    metadata    TEXT NOT NULL,
    valid_until INTEGER,
    staged_at   INTEGER NOT NULL,
    PRIMARY KEY (staging, entity_id)
) STRICT;
CREATE INDEX staged_providers_old ON staged_providers (staged_at);
-- Which service provider knows of which session, and under which name of the person.
CREATE TABLE saml_parties (
    session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    entity_id  TEXT NOT NULL,
    name_id    TEXT NOT NULL,
    name       TEXT NOT NULL,
    joined_at  INTEGER NOT NULL,
    due_at     INTEGER,
    tries      INTEGER NOT NULL DEFAULT 0,
    told_at    INTEGER,
    PRIMARY KEY (session_id, entity_id)
) STRICT;
CREATE INDEX saml_parties_of_provider ON saml_parties (entity_id);
CREATE INDEX saml_parties_due ON saml_parties (due_at) WHERE due_at IS NOT NULL;
-- The certificates of signing keys. Service providers pin their bytes, so each is made once.
CREATE TABLE saml_certificates (
    purpose TEXT NOT NULL,
    number  INTEGER NOT NULL,
    der     BLOB NOT NULL,
    PRIMARY KEY (purpose, number)
) STRICT;
