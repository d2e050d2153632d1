// SPDX-License-Identifier: Apache-2.0

/// What a backup says about itself, first in its archive.
struct BackupManifest: Codable, Sendable {
    static let name = "backup.json"
    /// Raised when an older Swiftlet could not restore it.
    static let newest = 1

    var format = newest
    /// The Swiftlet that made it.
    var version: String
    /// RFC 3339, UTC.
    var time: String
    /// Names in `databases/`, which belong into `data/`.
    var databases: [String]
}
