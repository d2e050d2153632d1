// SPDX-License-Identifier: Apache-2.0
import GRDB

extension Migrations {
    static func aliases(_ database: Database) throws {
        // What an alias means is its newest change; the ones before it are its history.
        try database.execute(
            sql: """
                CREATE TABLE functionAlias (
                    function TEXT NOT NULL REFERENCES function (name) ON DELETE CASCADE,
                    name TEXT NOT NULL,
                    created INTEGER NOT NULL,
                    PRIMARY KEY (function, name)
                ) STRICT, WITHOUT ROWID;

                CREATE TABLE functionAliasChange (
                    function TEXT NOT NULL,
                    alias TEXT NOT NULL,
                    number INTEGER NOT NULL,
                    content TEXT NOT NULL,
                    created INTEGER NOT NULL,
                    PRIMARY KEY (function, alias, number),
                    FOREIGN KEY (function, alias) REFERENCES functionAlias (function, name) ON DELETE CASCADE
                ) STRICT, WITHOUT ROWID;
                """)
    }
}
