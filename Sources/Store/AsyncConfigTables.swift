// SPDX-License-Identifier: Apache-2.0
import GRDB

extension Migrations {
    static func asyncConfigs(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE asyncInvokeConfig (
                    function TEXT NOT NULL REFERENCES function (name) ON DELETE CASCADE,
                    qualifier TEXT NOT NULL,
                    content TEXT NOT NULL,
                    created INTEGER NOT NULL,
                    modified INTEGER NOT NULL,
                    PRIMARY KEY (function, qualifier)
                ) STRICT, WITHOUT ROWID;
                """)
    }
}
