// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

/// A function as it is stored: its newest state, which is what `LATEST` means.
public struct FunctionRecord: Hashable, Sendable {
    public var name: String
    /// Made once; a function that is deleted and created again has another one.
    public var id: String
    public var configuration: FunctionConfiguration
    public var tags: [FunctionTag]
    /// The manifest that the image's name meant when it was last set; nil where the image has never been here.
    public var manifest: Digest?
    /// Grows with each change, and never repeats on this host.
    public var revision: Int64
    public var created: Timestamp
    public var modified: Timestamp
    /// The number of the newest version there ever was, 0 before the first.
    public var lastVersion: Int
    /// The revision that was last published.
    public var publishedRevision: Int64?
}

/// A published version: it never changes.
public struct VersionRecord: Hashable, Sendable {
    public var function: String
    public var number: Int
    public var revision: Int64
    public var configuration: FunctionConfiguration
    public var manifest: Digest
    public var description: String
    public var created: Timestamp
}

/// A row that this Swiftlet cannot read.
public struct StoredValueError: Error, CustomStringConvertible {
    public var description: String
}

extension FunctionRecord {
    init(_ row: Row) throws {
        let name: String = row["name"]
        self.init(
            name: name, id: row["id"], configuration: try FunctionConfiguration(stored: row["configuration"], of: name),
            tags: try FunctionTag.list(try JSONValue(parsing: row["tags"] as String)),
            manifest: (row["manifest"] as String).isEmpty ? nil : try Digest(stored: row["manifest"], of: name),
            revision: row["revision"], created: Timestamp(milliseconds: row["created"]), modified: Timestamp(milliseconds: row["modified"]),
            lastVersion: row["lastVersion"], publishedRevision: row["publishedRevision"])
    }
}

extension VersionRecord {
    init(_ row: Row) throws {
        let function: String = row["function"]
        self.init(
            function: function, number: row["number"], revision: row["revision"],
            configuration: try FunctionConfiguration(stored: row["configuration"], of: function),
            manifest: try Digest(stored: row["manifest"], of: function), description: row["description"],
            created: Timestamp(milliseconds: row["created"]))
    }
}

extension FunctionConfiguration {
    var storedText: String { JSONValue.object(json).text }

    init(stored text: String, of function: String) throws {
        do {
            self.init(image: "")
            try apply(try JSONValue(parsing: text).object ?? [:])
        } catch { throw StoredValueError(description: "the stored configuration of function '\(function)' cannot be read: \(error)") }
    }
}

extension Digest {
    init(stored text: String, of function: String) throws {
        guard let digest = Digest(text) else {
            throw StoredValueError(description: "the stored digest '\(text)' of function '\(function)' is none")
        }
        self = digest
    }
}
