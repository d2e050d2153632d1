// SPDX-License-Identifier: Apache-2.0
import GRDB

extension Migrations {
    static func functions(_ database: Database) throws {
        // One row: the last revision that was given out. It outlives functions, so that a new function of an old name is never taken for the old one.
        try database.execute(
            sql: """
                CREATE TABLE revision (only INTEGER PRIMARY KEY CHECK (only = 1), last INTEGER NOT NULL);
                INSERT INTO revision VALUES (1, 0);

                CREATE TABLE function (
                    name TEXT NOT NULL PRIMARY KEY,
                    id TEXT NOT NULL UNIQUE,
                    configuration TEXT NOT NULL,
                    tags TEXT NOT NULL,
                    manifest TEXT NOT NULL,
                    revision INTEGER NOT NULL,
                    created INTEGER NOT NULL,
                    modified INTEGER NOT NULL,
                    lastVersion INTEGER NOT NULL,
                    publishedRevision INTEGER
                ) STRICT, WITHOUT ROWID;

                CREATE TABLE functionVersion (
                    function TEXT NOT NULL REFERENCES function (name) ON DELETE CASCADE,
                    number INTEGER NOT NULL,
                    revision INTEGER NOT NULL,
                    configuration TEXT NOT NULL,
                    manifest TEXT NOT NULL,
                    description TEXT NOT NULL,
                    created INTEGER NOT NULL,
                    PRIMARY KEY (function, number)
                ) STRICT, WITHOUT ROWID;
                """)
    }
}
