// SPDX-License-Identifier: Apache-2.0
import GRDB

extension Migrations {
    /// Secrets are sealed; the key that opens them is in a file of its own.
    static func access(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE accessKey (
                    id TEXT NOT NULL PRIMARY KEY,
                    secret BLOB NOT NULL,
                    description TEXT NOT NULL,
                    policy TEXT NOT NULL,
                    created INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;

                CREATE TABLE accessRole (
                    name TEXT NOT NULL PRIMARY KEY,
                    policy TEXT NOT NULL,
                    created INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                """)
    }
}
