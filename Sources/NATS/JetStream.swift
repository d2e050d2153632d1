// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// The parts of JetStream that Swiftlet uses, over request and reply. Source: NATS JetStream API.
public struct JetStream: Sendable {
    public let client: NATSClient

    public init(_ client: NATSClient) { self.client = client }

    /// What JetStream refused.
    public struct Refusal: Error, Hashable, CustomStringConvertible {
        /// As HTTP has them.
        public var code: Int
        /// JetStream's own, for example 10071: the subject's last sequence is another.
        public var errorCode: Int
        public var words: String
        public var description: String { "JetStream refuses: \(words) (\(errorCode))" }

        public var isMissing: Bool { code == 404 }
        /// Of a cluster that is still coming up, or has lost the majority for a moment: no suitable peers yet, no leader yet.
        var mayPass: Bool { code >= 500 || errorCode == 10005 }
        public var isWrongSequence: Bool { errorCode == 10071 || errorCode == 10164 }
    }

    /// - Throws: ``Refusal``, ``NATSFailure``.
    public func call(_ operation: String, _ body: JSONValue? = nil) async throws -> [String: JSONValue] {
        let bytes = body.map { Array($0.text.utf8) } ?? []
        let answer = try await client.connection().request(NATSMessage(subject: "$JS.API.\(operation)", body: bytes))
        return try Self.checked(answer)
    }

    private static func checked(_ answer: NATSMessage) throws -> [String: JSONValue] {
        guard let members = try JSONValue(parsing: answer.body).object else {
            throw NATSProtocolError(description: "an answer that is no object")
        }
        if let error = members["error"]?.object {
            throw Refusal(
                code: error["code"]?.integer ?? 0, errorCode: error["err_code"]?.integer ?? 0, words: error["description"]?.string ?? "")
        }
        return members
    }

    /// What a stream is made with.
    public struct StreamSettings: Sendable {
        public var name: String
        public var subjects: [String]
        public var replicas: Int
        /// Of each subject so many messages are kept; nil keeps all.
        public var perSubject: Int?
        /// As NATS' own clients make buckets.
        public var isBucket = false

        public init(name: String, subjects: [String], replicas: Int, perSubject: Int? = nil, isBucket: Bool = false) {
            self.isBucket = isBucket
            self.name = name
            self.subjects = subjects
            self.replicas = replicas
            self.perSubject = perSubject
        }
    }

    public struct StreamState: Hashable, Sendable {
        /// A stream that is made anew has another one.
        public var created: String
        public var first: Int64
        public var last: Int64
        public var bytes: Int64
        public var replicas: Int

        init(_ members: [String: JSONValue]) {
            let state = members["state"]?.object ?? [:]
            created = members["created"]?.string ?? ""
            first = Int64(state["first_seq"]?.integer ?? 0)
            last = Int64(state["last_seq"]?.integer ?? 0)
            bytes = Int64(state["bytes"]?.integer ?? 0)
            replicas = members["config"]?.object?["num_replicas"]?.integer ?? 1
        }
    }

    /// Makes a stream in files, unless it is there; waits half a minute for a cluster that is still coming up.
    public func make(_ settings: StreamSettings) async throws -> StreamState {
        let begun = ContinuousClock.now
        while true {
            do { return try await makeNow(settings) } catch {
                let mayPass = (error as? Refusal)?.mayPass ?? (error is NATSFailure)
                guard mayPass, begun.duration(to: .now) < .seconds(30) else { throw error }
                try await Task.sleep(for: .milliseconds(250))
            }
        }
    }

    private func makeNow(_ settings: StreamSettings) async throws -> StreamState {
        do { return try await state(of: settings.name) } catch let refusal as Refusal where refusal.isMissing {}
        var config: [String: JSONValue] = [
            "name": .string(settings.name), "subjects": .array(settings.subjects.map { .string($0) }), "storage": "file",
            "retention": "limits", "discard": "new", "num_replicas": .integer(Int64(settings.replicas)),
            "duplicate_window": .integer(120_000_000_000),
        ]
        if let count = settings.perSubject {
            // The newest of a subject takes the place of the one before.
            config["max_msgs_per_subject"] = .integer(Int64(count))
            config["discard"] = "old"
        }
        if settings.isBucket {
            config["allow_rollup_hdrs"] = true
            config["deny_delete"] = true
        }
        do { return StreamState(try await call("STREAM.CREATE.\(settings.name)", .object(config))) } catch let refusal as Refusal {
            // Another host was first.
            guard refusal.errorCode == 10058 else { throw refusal }
            return try await state(of: settings.name)
        }
    }

    public func state(of stream: String) async throws -> StreamState { StreamState(try await call("STREAM.INFO.\(stream)")) }

    /// Stores a message.
    ///
    /// - Parameters:
    ///   - id: a message with the id of one that was stored within two minutes is not stored again.
    ///   - lastOfSubject: the sequence that the subject's last message must have, 0 for none; nil asks for nothing.
    /// - Returns: its sequence, when the stream has acknowledged it.
    /// - Throws: ``Refusal``, ``NATSFailure``; after the latter it may be stored or not.
    public func publish(
        _ subject: String, id: String? = nil, lastOfSubject: Int64? = nil, headers: [(name: String, value: String)] = [], _ body: [UInt8]
    ) async throws -> Int64 {
        var fields = headers
        if let id { fields.append(("Nats-Msg-Id", id)) }
        if let lastOfSubject { fields.append(("Nats-Expected-Last-Subject-Sequence", String(lastOfSubject))) }
        let message = NATSMessage(subject: subject, headers: NATSHeaders(fields), body: body)
        let answer = try Self.checked(try await client.connection().request(message))
        guard let sequence = answer["seq"]?.integer else { throw NATSProtocolError(description: "an acknowledgement without a sequence") }
        return Int64(sequence)
    }

    /// Removes what lies before a sequence, or everything on a subject.
    public func purge(_ stream: String, before sequence: Int64) async throws {
        _ = try await call("STREAM.PURGE.\(stream)", ["seq": .integer(sequence)])
    }

    public func purge(_ stream: String, subject: String) async throws {
        _ = try await call("STREAM.PURGE.\(stream)", ["filter": .string(subject)])
    }
}
