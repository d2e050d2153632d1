// SPDX-License-Identifier: Apache-2.0
public import GRDB

/// The one SQLite file of the host. Each concept adds its SQL in an extension in a file of its own, and its tables in ``Migrations``.
public struct Store: Sendable {
    public let database: DatabasePool

    /// Opens the file, makes it where it is missing, and brings it to the newest schema.
    ///
    /// - Parameter path: the file; its folder must exist.
    /// - Throws: `DatabaseError` where the file cannot be opened, is no database, or was written by a newer Swiftlet.
    public init(path: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(5)
        database = try DatabasePool(path: path, configuration: configuration)
        // GRDB sets NORMAL on a pool after it is prepared, which does not sync at commit; what we have confirmed must be on disk.
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try Migrations.migrator.migrate(database)
    }

    /// Closes every connection; whoever removes the file's folder does so first, since SQLite removes files of its own there.
    ///
    /// - Throws: `DatabaseError` where a connection cannot be closed.
    public func close() throws { try database.close() }
}
