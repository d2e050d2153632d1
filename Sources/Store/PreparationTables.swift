// SPDX-License-Identifier: Apache-2.0
import GRDB

extension Migrations {
    static func preparations(_ database: Database) throws {
        // A function whose image has never been here has the empty manifest.
        try database.execute(
            sql: """
                CREATE TABLE functionPreparation (
                    function TEXT NOT NULL PRIMARY KEY REFERENCES function (name) ON DELETE CASCADE,
                    number INTEGER NOT NULL,
                    configuration TEXT NOT NULL,
                    failure TEXT
                ) STRICT, WITHOUT ROWID;
                """)
    }
}
