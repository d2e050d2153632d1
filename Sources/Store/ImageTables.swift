// SPDX-License-Identifier: Apache-2.0
import GRDB

extension Migrations {
    /// A layer's row says that the layer is in place; an image's rows are written after those of its layers, in one transaction.
    static func images(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE layers (
                    diff_id TEXT PRIMARY KEY,
                    bytes INTEGER NOT NULL,
                    entries INTEGER NOT NULL
                ) STRICT;
                CREATE TABLE images (
                    manifest_digest TEXT PRIMARY KEY,
                    config_digest TEXT NOT NULL,
                    created INTEGER NOT NULL
                ) STRICT;
                CREATE TABLE image_references (
                    name TEXT PRIMARY KEY,
                    manifest_digest TEXT NOT NULL REFERENCES images ON DELETE CASCADE
                ) STRICT;
                CREATE INDEX image_references_by_image ON image_references (manifest_digest);
                CREATE TABLE image_layers (
                    manifest_digest TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
                    position INTEGER NOT NULL,
                    diff_id TEXT NOT NULL REFERENCES layers,
                    PRIMARY KEY (manifest_digest, position)
                ) STRICT;
                CREATE INDEX image_layers_by_layer ON image_layers (diff_id);
                """)
    }

    /// What an image that was pulled has beside the others: the indexes it was found by, and its layers' blobs where they are kept.
    static func pulledImages(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE image_indexes (
                    digest TEXT PRIMARY KEY,
                    manifest_digest TEXT NOT NULL REFERENCES images ON DELETE CASCADE
                ) STRICT;
                CREATE INDEX image_indexes_by_image ON image_indexes (manifest_digest);
                CREATE TABLE image_blobs (
                    manifest_digest TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
                    digest TEXT NOT NULL,
                    size INTEGER NOT NULL,
                    PRIMARY KEY (manifest_digest, digest)
                ) STRICT;
                CREATE INDEX image_blobs_by_digest ON image_blobs (digest);
                """)
    }
}
