// SPDX-License-Identifier: Apache-2.0
import GRDB

extension Migrations {
    static func triggers(_ database: Database) throws {
        // A function is not deleted while it has triggers: hence no cascade.
        try database.execute(
            sql: """
                CREATE TABLE functionTrigger (
                    function TEXT NOT NULL REFERENCES function (name),
                    name TEXT NOT NULL,
                    id TEXT NOT NULL UNIQUE,
                    type TEXT NOT NULL,
                    content TEXT NOT NULL,
                    created INTEGER NOT NULL,
                    modified INTEGER NOT NULL,
                    PRIMARY KEY (function, name)
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX functionTriggerByType ON functionTrigger (type);
                """)
    }
}
