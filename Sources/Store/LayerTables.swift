// SPDX-License-Identifier: Apache-2.0
import GRDB

extension Migrations {
    /// A zip's row is written before its object and removed after it, so that a stop in between leaves no object that nobody knows of.
    /// A deleted version keeps its row as long as a function has it.
    static func layers(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE functionLayer (
                    name TEXT NOT NULL PRIMARY KEY,
                    lastVersion INTEGER NOT NULL,
                    isPublic INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;

                CREATE TABLE layerZip (
                    bucket TEXT NOT NULL,
                    object TEXT NOT NULL,
                    PRIMARY KEY (bucket, object)
                ) STRICT, WITHOUT ROWID;

                CREATE TABLE layerVersion (
                    layer TEXT NOT NULL REFERENCES functionLayer (name),
                    number INTEGER NOT NULL,
                    description TEXT NOT NULL,
                    license TEXT NOT NULL,
                    compatibleRuntime TEXT NOT NULL,
                    bucket TEXT NOT NULL,
                    object TEXT NOT NULL,
                    zipDigest TEXT NOT NULL,
                    tree TEXT NOT NULL,
                    size INTEGER NOT NULL,
                    checksum TEXT NOT NULL,
                    created INTEGER NOT NULL,
                    isDeleted INTEGER NOT NULL,
                    PRIMARY KEY (layer, number),
                    FOREIGN KEY (bucket, object) REFERENCES layerZip (bucket, object)
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX layerVersionByTree ON layerVersion (tree);
                """)
    }
}
