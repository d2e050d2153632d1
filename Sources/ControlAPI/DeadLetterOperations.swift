// SPDX-License-Identifier: Apache-2.0
import Access
import AsyncInvocation
import Foundation
import FunctionModel
import Hummingbird
import InvocationQueue

/// Swiftlet's own: what has failed for good, to look at, to send again and to throw away.
extension ControlResponder {
    /// The most that one order sends again or throws away, unless it says otherwise.
    private static let mostAtOnce = 1_000_000

    func listDeadLetters(_ query: QueryItems) async throws -> Response {
        var filter = TaskFilter.dead(lane: query.string("function"))
        if let reason = query.string("reason") { filter.statuses = [try Self.reason(reason)] }
        filter.error = query.string("error")
        filter.from = try Self.time(query, "from")
        filter.to = try Self.time(query, "to")
        let (records, token) = try await page(filter, query)
        let policy = RequestAuthorization.caller.policy
        return Response(
            json: Self.page("deadLetters", records.filter { policy.covers($0.invocation.lane) }.map { .object($0.deadLetter) }, token))
    }

    func deadLetter(_ task: String, _ function: String) async throws -> Response {
        guard let record = try await invocations.queue.task(lane: function, task), record.status.isDead else {
            throw ServiceError(
                status: 404, code: "DeadLetterNotFound",
                message: "there is no dead letter '\(task)' of '\(function)'; see `swiftlet dlq list`, it may have been sent again")
        }
        var members = record.deadLetter
        members["payload"] = Self.text(record.invocation.payload)
        members["response"] = Self.text(record.response)
        members["head"] = record.invocation.head.json ?? .null
        members["attempts"] = .array(
            record.attempts.map {
                [
                    "startedTime": .integer($0.started.milliseconds), "endTime": .integer($0.ended.milliseconds),
                    "result": .string($0.result),
                    "error": .string($0.error), "instanceId": .string($0.instance),
                ]
            })
        return Response(json: .object(members))
    }

    func redriveDeadLetters(_ request: Request) async throws -> Response {
        let (filter, tasks) = try Self.filter(try await request.jsonObject())
        let queue = invocations.queue
        return Response(json: ["redriven": .integer(Int64(try await each(tasks, filter) { try await queue.redrive($0, now: now()) }))])
    }

    func purgeDeadLetters(_ request: Request) async throws -> Response {
        let (filter, tasks) = try Self.filter(try await request.jsonObject())
        let queue = invocations.queue
        return Response(json: ["purged": .integer(Int64(try await each(tasks, filter) { try await queue.purge($0) }))])
    }

    /// The counts of each function's queue, of those that the caller may see.
    func queueStatistics() async throws -> Response {
        let policy = RequestAuthorization.caller.policy
        let lanes = try await invocations.queue.statistics().filter { policy.covers($0.lane) }
        let time = now()
        return Response(json: ["queues": .array(lanes.map { $0.json(at: time) })])
    }

    private func each(_ tasks: [String]?, _ filter: TaskFilter, _ body: (TaskFilter) async throws -> Int) async throws -> Int {
        guard let tasks else { return try await body(filter) }
        var (sum, filter) = (0, filter)
        for task in tasks {
            filter.task = task
            sum += try await body(filter)
        }
        return sum
    }

    /// `{"function", "tasks", "reason", "error", "from", "to", "limit"}`; an empty object would mean everything, so that must be said.
    private static func filter(_ input: [String: JSONValue]) throws(ServiceError) -> (TaskFilter, tasks: [String]?) {
        let known: Set = ["function", "tasks", "reason", "error", "from", "to", "limit", "all"]
        if let unknown = input.keys.sorted().first(where: { !known.contains($0) }) {
            throw .invalidArgument("\(unknown) is no field of this order; it takes \(known.sorted().joined(separator: ", "))")
        }
        guard input.contains(where: { $0.key != "limit" && $0.value != .null && $0.value != false }) else {
            throw .invalidArgument("say which dead letters are meant: function, tasks, reason, error, from, to, or all: true")
        }
        func string(_ name: String) throws(ServiceError) -> String? {
            guard let value = input[name], value != .null else { return nil }
            guard let text = value.string else { throw .invalid(name, value, "it must be a string") }
            return text
        }
        func integer(_ name: String) throws(ServiceError) -> Int? {
            guard let value = input[name], value != .null else { return nil }
            guard let number = value.integer, number >= 0 else { throw .invalid(name, value, "it must be a whole number") }
            return number
        }
        var filter = TaskFilter.dead(lane: try string("function"))
        if let reason = try string("reason") { filter.statuses = [try Self.reason(reason)] }
        filter.error = try string("error")
        filter.from = try integer("from").map { Timestamp(milliseconds: Int64($0)) }
        filter.to = try integer("to").map { Timestamp(milliseconds: Int64($0)) }
        filter.limit = try integer("limit") ?? mostAtOnce
        filter.newestFirst = false
        guard let value = input["tasks"], value != .null else { return (filter, nil) }
        guard let tasks = value.array?.compactMap(\.string), tasks.count == value.array?.count, filter.lane != nil else {
            throw .invalid("tasks", value, "it must be a list of task ids, and the function must be named beside it")
        }
        return (filter, tasks)
    }

    private static func reason(_ text: String) throws(ServiceError) -> TaskStatus {
        guard let status = TaskStatus.allCases.first(where: { $0.isDead && $0.rawValue.lowercased() == text.lowercased() }) else {
            throw .invalid("reason", .string(text), "it must be Failed, Expired or Invalid")
        }
        return status
    }

    /// Text where it is UTF-8, else base64 in an object.
    private static func text(_ bytes: [UInt8]) -> JSONValue {
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        return ["base64": .string(Data(bytes).base64EncodedString())]
    }
}

extension TaskRecord {
    fileprivate var deadLetter: [String: JSONValue] {
        [
            "function": .string(invocation.lane), "taskId": .string(invocation.task), "requestId": .string(invocation.request.text),
            "qualifier": .string(invocation.qualifier), "reason": .string(status.rawValue), "error": .string(error),
            "acceptedTime": .integer(invocation.accepted.milliseconds), "endTime": .integer(ended?.milliseconds ?? 0),
            "attemptCount": .integer(Int64(attempts.count)),
        ]
    }
}

extension LaneStatistics {
    fileprivate func json(at time: Timestamp) -> JSONValue {
        var members: [String: JSONValue] = [
            "function": .string(lane), "accepted": .integer(accepted), "waiting": .integer(waiting), "running": .integer(running),
            "done": .integer(done), "dead": .integer(dead), "purged": .integer(purged), "retries": .integer(retries),
        ]
        if let oldest { members["oldestAgeMs"] = .integer(max(0, time.milliseconds - oldest.milliseconds)) }
        return .object(members)
    }
}
