// SPDX-License-Identifier: Apache-2.0
import GRDB

extension Migrations {
    static func functionSettings(_ database: Database) throws {
        // What stands beside a function and is frozen by no version: one row for each kind, and for those that have one, each qualifier.
        try database.execute(
            sql: """
                CREATE TABLE functionSetting (
                    function TEXT NOT NULL REFERENCES function (name) ON DELETE CASCADE,
                    kind TEXT NOT NULL,
                    qualifier TEXT NOT NULL,
                    content TEXT NOT NULL,
                    created INTEGER NOT NULL,
                    modified INTEGER NOT NULL,
                    PRIMARY KEY (function, kind, qualifier)
                ) STRICT, WITHOUT ROWID;
                """)
    }
}
