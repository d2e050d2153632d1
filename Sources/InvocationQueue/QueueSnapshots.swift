// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
import FunctionModel
import GRDB
import NATS

/// Copies of the queue's tables in a stream of their own, in pieces: what a host begins with where the log does not go back far enough for it.
struct QueueSnapshots: Sendable {
    private static let pieceBytes = 512 << 10

    let jetStream: JetStream
    let stream: String
    let subject: String

    struct Newest: Sendable {
        /// The last message of the log that it holds.
        var sequence: Int64
        var bytes: Int64
    }

    func make(replicas: Int) async throws {
        _ = try await jetStream.make(.init(name: stream, subjects: ["\(subject).>"], replicas: replicas, perSubject: 1))
    }

    func newest() async throws -> Newest? {
        do {
            let answer = try await jetStream.call("STREAM.MSG.GET.\(stream)", ["last_by_subj": .string("\(subject).newest")])
            guard let data = answer["message"]?.object?["data"]?.string.flatMap({ Data(base64Encoded: $0) }),
                let members = try JSONValue(parsing: Array(data)).object, let sequence = members["sequence"]?.integer,
                let bytes = members["bytes"]?.integer
            else { throw QueueError(description: "the newest copy in '\(stream)' cannot be read") }
            return Newest(sequence: Int64(sequence), bytes: Int64(bytes))
        } catch let refusal as JetStream.Refusal where refusal.isMissing { return nil }
    }

    /// Sends a copy, then names it the newest, then removes the one before: a kill in between leaves what there was.
    func send(_ copy: QueueCopy, beside path: String) async throws -> Newest {
        let file = path + ".sending"
        defer { unlink(file) }
        try await Self.offPool {
            unlink(file)
            let target = try DatabaseQueue(path: file)
            try copy.tables.pool.backup(to: target)
            try target.close()
        }
        let made = try QueueCopy(path: file)
        let sequence = try await made.position().applied
        try made.close()
        let before = try await newest()
        if let before, before.sequence >= sequence { return before }
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
        defer { handle.closeFile() }
        var (number, bytes) = (0, Int64(0))
        while case let piece = try await Self.offPool({ try handle.read(upToCount: Self.pieceBytes) ?? Data() }), !piece.isEmpty {
            _ = try await jetStream.publish("\(subject).\(sequence).\(number)", Array(piece))
            (number, bytes) = (number + 1, bytes + Int64(piece.count))
        }
        let text: JSONValue = ["sequence": .integer(sequence), "bytes": .integer(bytes)]
        _ = try await jetStream.publish("\(subject).newest", Array(text.text.utf8))
        if let before { try await jetStream.purge(stream, subject: "\(subject).\(before.sequence).>") }
        return Newest(sequence: sequence, bytes: bytes)
    }

    /// Writes the newest copy to a file.
    func receive(_ newest: Newest, at path: String) async throws {
        let handle = try await Self.offPool {
            unlink(path)
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw QueueError(description: "cannot make \(path)")
            }
            return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        }
        defer { handle.closeFile() }
        let reader = try await StreamReader(jetStream, stream: stream, filter: "\(subject).\(newest.sequence).>", from: .sequence(1))
        var (bytes, number) = (Int64(0), 0)
        while bytes < newest.bytes {
            for piece in try await reader.next() {
                guard piece.subject.hasSuffix(".\(number)") else {
                    throw QueueError(description: "a copy of the queue lacks piece \(number)")
                }
                let data = Data(piece.body)
                try await Self.offPool { try handle.write(contentsOf: data) }
                (bytes, number) = (bytes + Int64(data.count), number + 1)
            }
        }
    }

    /// Files block, and whoever blocks must not do so where tasks run.
    private static func offPool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { done in
            DispatchQueue.global().async { done.resume(with: Result { try body() }) }
        }
    }
}
