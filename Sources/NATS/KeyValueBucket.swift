// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel

/// A key-value bucket of JetStream, laid out as NATS' own clients do: stream `KV_BUCKET`, subjects `$KV.BUCKET.KEY`, the newest of each kept.
public struct KeyValueBucket: Sendable {
    public struct Entry: Sendable {
        public var key: String
        /// Nil where the key was deleted.
        public var value: [UInt8]?
        /// Of the bucket: it grows with every change of any key.
        public var revision: Int64
    }

    private let jetStream: JetStream
    private let name: String
    private var stream: String { "KV_\(name)" }

    /// Makes the bucket where it is missing.
    public init(_ jetStream: JetStream, name: String, replicas: Int) async throws {
        self.jetStream = jetStream
        self.name = name
        _ = try await jetStream.make(.init(name: stream, subjects: ["$KV.\(name).>"], replicas: replicas, perSubject: 1, isBucket: true))
    }

    private func subject(_ key: String) -> String { "$KV.\(name).\(key)" }

    /// Stores a value, or a deletion, where the key still has the given revision; 0 stands for a key that there never was.
    ///
    /// - Returns: the new revision.
    /// - Throws: ``JetStream/Refusal`` with `isWrongSequence` where somebody was first.
    public func put(_ key: String, _ value: [UInt8]?, over revision: Int64) async throws -> Int64 {
        let headers = value == nil ? [("KV-Operation", "DEL")] : []
        return try await jetStream.publish(subject(key), lastOfSubject: revision, headers: headers, value ?? [])
    }

    /// The newest entry of a key; nil where there never was one.
    public func get(_ key: String) async throws -> Entry? {
        let reader = try await StreamReader(jetStream, stream: stream, filter: subject(key), from: .lastOfEachSubject)
        guard !reader.isEmpty else { return nil }
        return try await reader.next().last.map(entry)
    }

    private func entry(_ message: StoredMessage) -> Entry {
        Entry(
            key: String(message.subject.dropFirst(subject("").count)), value: message.headers["KV-Operation"] == nil ? message.body : nil,
            revision: message.sequence)
    }

    /// Follows the bucket: first what there is, then every change, until the connection breaks.
    ///
    /// - Parameter caughtUp: called once, when all that was there has been handed over.
    public func watch(caughtUp: () async -> Void, _ body: (Entry) async throws -> Void) async throws {
        let reader = try await StreamReader(jetStream, stream: stream, filter: subject(">"), from: .lastOfEachSubject)
        var isBehind = !reader.isEmpty
        if !isBehind { await caughtUp() }
        while true {
            for message in try await reader.next() {
                try await body(entry(message))
                if isBehind, message.pending == 0 {
                    isBehind = false
                    await caughtUp()
                }
            }
        }
    }
}
