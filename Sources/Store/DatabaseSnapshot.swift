// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

/// A copy of a database as it is at one moment, made while others read and write it.
public enum DatabaseSnapshot {
    /// - Parameters:
    ///   - source: an SQLite file that may be in use, also by another process.
    ///   - copy: a path at which nothing is.
    /// - Throws: `DatabaseError`.
    public static func make(of source: String, at copy: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(30)
        let queue = try DatabaseQueue(path: source, configuration: configuration)
        try queue.vacuum(into: copy)
        try queue.close()
    }

    /// The layers that a database of this host says are in place.
    public static func layers(in path: String) throws -> [Digest] {
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        let layers = try queue.read { database in
            try database.tableExists("layers") ? String.fetchAll(database, sql: "SELECT diff_id FROM layers").map(digest) : []
        }
        try queue.close()
        return layers
    }
}
