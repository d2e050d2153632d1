// SPDX-License-Identifier: Apache-2.0
import GRDB

/// The tables of the embedded queue. A migration that has landed is never changed; a new one is added below it.
///
/// Where an invocation stands is told by the table that has a row of it: `ready`, `running` or `ended`. The row in `invocation`, with the payload, is
/// written once and never changed.
enum QueueSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 queue", migrate: queue)
        migrator.registerMigration("2 shared", migrate: shared)
        return migrator
    }

    private static func queue(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE host (only INTEGER PRIMARY KEY CHECK (only = 1), opened INTEGER NOT NULL);
                INSERT INTO host VALUES (1, 0);

                CREATE TABLE lane (
                    id INTEGER PRIMARY KEY,
                    name TEXT NOT NULL UNIQUE,
                    accepted INTEGER NOT NULL DEFAULT 0,
                    done INTEGER NOT NULL DEFAULT 0,
                    dead INTEGER NOT NULL DEFAULT 0,
                    purged INTEGER NOT NULL DEFAULT 0,
                    retries INTEGER NOT NULL DEFAULT 0
                ) STRICT;

                CREATE TABLE invocation (
                    number INTEGER PRIMARY KEY AUTOINCREMENT,
                    lane INTEGER NOT NULL REFERENCES lane (id),
                    task TEXT NOT NULL,
                    ownTask INTEGER NOT NULL,
                    request TEXT NOT NULL,
                    qualifier TEXT NOT NULL,
                    accepted INTEGER NOT NULL,
                    head TEXT,
                    deduplication TEXT,
                    depth INTEGER NOT NULL,
                    payload BLOB NOT NULL
                ) STRICT;
                CREATE UNIQUE INDEX invocationTask ON invocation (lane, task);
                CREATE UNIQUE INDEX invocationDeduplication ON invocation (lane, deduplication) WHERE deduplication IS NOT NULL;
                CREATE INDEX invocationLane ON invocation (lane);

                CREATE TABLE ready (
                    number INTEGER PRIMARY KEY REFERENCES invocation (number),
                    lane INTEGER NOT NULL,
                    due INTEGER NOT NULL,
                    since INTEGER NOT NULL,
                    failures INTEGER NOT NULL,
                    throttles INTEGER NOT NULL
                ) STRICT;
                CREATE INDEX readyDue ON ready (lane, due);

                CREATE TABLE running (
                    number INTEGER PRIMARY KEY REFERENCES invocation (number),
                    lane INTEGER NOT NULL,
                    epoch INTEGER NOT NULL,
                    leaseUntil INTEGER NOT NULL,
                    started INTEGER NOT NULL,
                    since INTEGER NOT NULL,
                    failures INTEGER NOT NULL,
                    throttles INTEGER NOT NULL,
                    stopping INTEGER NOT NULL
                ) STRICT;

                CREATE TABLE attempt (
                    invocation INTEGER NOT NULL REFERENCES invocation (number),
                    number INTEGER NOT NULL,
                    started INTEGER NOT NULL,
                    ended INTEGER NOT NULL,
                    result TEXT NOT NULL,
                    error TEXT NOT NULL,
                    instance TEXT NOT NULL,
                    PRIMARY KEY (invocation, number)
                ) STRICT, WITHOUT ROWID;

                CREATE TABLE ended (
                    number INTEGER PRIMARY KEY REFERENCES invocation (number),
                    lane INTEGER NOT NULL,
                    status TEXT NOT NULL,
                    isDead INTEGER NOT NULL,
                    started INTEGER NOT NULL,
                    ended INTEGER NOT NULL,
                    error TEXT NOT NULL,
                    response BLOB NOT NULL,
                    destination TEXT NOT NULL,
                    keepUntil INTEGER
                ) STRICT;
                CREATE INDEX endedDead ON ended (isDead, lane, number);
                CREATE INDEX endedKept ON ended (keepUntil) WHERE keepUntil IS NOT NULL;

                CREATE TABLE timer (id TEXT NOT NULL PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                """)
    }

    /// Of a queue that hosts share: who runs what, how far this copy has followed the log, and the last message of each host.
    private static func shared(_ database: Database) throws {
        try database.execute(
            sql: """
                ALTER TABLE running ADD COLUMN owner TEXT NOT NULL DEFAULT '';
                CREATE TABLE log (only INTEGER PRIMARY KEY CHECK (only = 1), stream TEXT NOT NULL, applied INTEGER NOT NULL) STRICT;
                INSERT INTO log VALUES (1, '', 0);
                CREATE TABLE member (host TEXT NOT NULL PRIMARY KEY, session TEXT NOT NULL, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                """)
    }
}
