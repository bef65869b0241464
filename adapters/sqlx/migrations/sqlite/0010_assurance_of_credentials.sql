ALTER TABLE credentials ADD COLUMN assurance TEXT NOT NULL DEFAULT 'usual';
