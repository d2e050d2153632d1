// SPDX-License-Identifier: Apache-2.0
import Catalog
import FunctionModel
import Logging
import NATS
import Store
import Synchronization

/// The definitions that hosts share, in a key-value bucket.
final class ClusterDefinitions: DefinitionSharing {
    private let bucket: KeyValueBucket
    private let logger: Logger
    private let tasks = Mutex<[Task<Void, Never>]>([])

    init(_ jetStream: JetStream, logger: Logger) async throws {
        let cluster = jetStream.client.cluster
        bucket = try await KeyValueBucket(jetStream, name: "\(cluster.name)-definitions", replicas: cluster.replicas)
        self.logger = logger
    }

    func put(_ key: DefinitionKey, _ definition: JSONValue?, over revision: Int64) async throws -> SharedPut {
        do {
            return .stored(revision: try await bucket.put(Self.text(key), definition.map { Array($0.text.utf8) }, over: revision))
        } catch let refusal as JetStream.Refusal where refusal.isWrongSequence {
            // Nobody has it any more, and this host does not know that either: its change is a new one.
            guard let entry = try await bucket.get(Self.text(key)) else { return try await put(key, definition, over: 0) }
            return .overtaken(by: try entry.value.map { try JSONValue(parsing: $0) }, revision: entry.revision)
        }
    }

    /// Takes over what the others have, and follows their changes from then on.
    ///
    /// When this returns, everything that was there has been taken over.
    func begin(_ catalog: Catalog) async throws {
        let caughtUp = AsyncStream.makeStream(of: Void.self)
        tasks.withLock { tasks in
            tasks = [
                Task {
                    while !Task.isCancelled {
                        do { try await self.watch(catalog) { caughtUp.continuation.finish() } } catch {
                            guard !Task.isCancelled else { return }
                            self.logger.warning("the definitions of the cluster are read anew", metadata: ["error": "\(error)"])
                            do { try await Task.sleep(for: .milliseconds(200)) } catch { return }
                        }
                    }
                },
                Task {
                    while true {
                        do { try await Task.sleep(for: .seconds(1)) } catch { return }
                        do { try await catalog.shareChanges() } catch {
                            self.logger.warning("definitions are not all shared", metadata: ["error": "\(error)"])
                        }
                    }
                },
            ]
        }
        for await _ in caughtUp.stream {}
        do { try await catalog.share(through: self) } catch {
            logger.warning("what this host had by itself is not all shared", metadata: ["error": "\(error)"])
        }
    }

    private func watch(_ catalog: Catalog, caughtUp: () -> Void) async throws {
        try await bucket.watch(caughtUp: caughtUp) { entry in
            guard let key = Self.key(entry.key) else { return logger.warning("an unknown definition", metadata: ["key": "\(entry.key)"]) }
            do {
                try await catalog.adopt(key, try entry.value.map { try JSONValue(parsing: $0) }, revision: entry.revision)
            } catch {
                // The others must not wait for it.
                logger.error("a definition of another host cannot be taken over", metadata: ["definition": "\(key)", "error": "\(error)"])
            }
        }
    }

    func end() async {
        let tasks = tasks.withLock { $0 }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    /// `KIND.NAME`, with what a key may not have as `=` and two digits.
    private static func text(_ key: DefinitionKey) -> String {
        let name = key.name.utf8.map { byte -> String in
            let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95 || byte == 45
            return isPlain ? String(UnicodeScalar(byte)) : "=" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        return "\(key.kind.rawValue).\(name)"
    }

    private static func key(_ text: String) -> DefinitionKey? {
        let parts = text.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let kind = DefinitionKey.Kind(rawValue: String(parts[0])) else { return nil }
        var (bytes, rest) = ([UInt8](), parts[1].utf8[...])
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "=") else {
                bytes.append(byte)
                continue
            }
            guard let escaped = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
            bytes.append(escaped)
            rest = rest.dropFirst(2)
        }
        return DefinitionKey(kind, String(decoding: bytes, as: UTF8.self))
    }
}
