// SPDX-License-Identifier: Apache-2.0
import AsyncInvocation
import Catalog
import FunctionModel
import Hummingbird
import InvocationQueue

extension ControlResponder {
    func listAsyncTasks(_ function: String, _ query: QueryItems) async throws -> Response {
        _ = try await catalog.get(function)
        var filter = TaskFilter(lane: function)
        filter.qualifier = query.string("qualifier")
        filter.prefix = query.string("prefix") ?? ""
        if let status = query.string("status") { filter.statuses = [try Self.status(status)] }
        filter.from = try Self.time(query, "startedTimeBegin")
        filter.to = try Self.time(query, "startedTimeEnd")
        let order = query.string("sortOrderByTime")?.lowercased() ?? "desc"
        guard ["asc", "desc"].contains(order) else {
            throw ServiceError.invalid("sortOrderByTime", .string(order), "it must be asc or desc")
        }
        filter.newestFirst = order == "desc"
        filter.withPayload = try query.bool("includePayload") ?? false
        let (records, token) = try await page(filter, query)
        let shown = records.map { $0.json(catalog.host, withPayload: filter.withPayload) }
        return Response(json: Self.page("tasks", shown, token))
    }

    func asyncTask(_ task: String, _ function: String, _ query: QueryItems) async throws -> Response {
        Response(json: try await record(of: task, function, query).json(catalog.host, withPayload: true))
    }

    /// A task's id is the function's, so the qualifier need not be said; where it is, it must be the task's.
    private func record(of task: String, _ function: String, _ query: QueryItems) async throws -> TaskRecord {
        let qualifier = query.string("qualifier")
        guard let record = try await invocations.queue.task(lane: function, task),
            qualifier == nil || qualifier == record.invocation.qualifier
        else { throw try await taskMissing(task, function) }
        return record
    }

    func stopAsyncTask(_ task: String, _ function: String, _ query: QueryItems) async throws -> Response {
        _ = try await record(of: task, function, query)
        switch try await invocations.stop(function: function, task: task) {
        case .stopped, .stopping, .alreadyEnded(.stopped): return .nothing
        case .alreadyEnded(let status):
            throw ServiceError(
                status: 412, code: "PreconditionFailed",
                message: "task '\(task)' of function '\(function)' has ended already (\(status.rawValue))")
        case .missing: throw try await taskMissing(task, function)
        }
    }

    /// One page of what a filter finds.
    func page(_ filter: TaskFilter, _ query: QueryItems) async throws -> (records: [TaskRecord], nextToken: String?) {
        var filter = filter
        let limit = try query.integer("limit", Self.pageSizes) ?? Self.pageSize
        filter.limit = limit + 1
        if let token = query.string("nextToken") {
            guard let after = Int64(token) else {
                throw ServiceError.invalid("nextToken", .string(token), "use the nextToken of the page before")
            }
            filter.after = after
        }
        let found = try await invocations.queue.tasks(filter)
        let page = Array(found.prefix(limit))
        return (page, found.count > limit ? page.last.map { String($0.number) } : nil)
    }

    static func status(_ text: String) throws(ServiceError) -> TaskStatus {
        guard let status = TaskStatus.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) else {
            let known = TaskStatus.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid("status", .string(text), "it must be one of \(known)")
        }
        return status
    }

    static func time(_ query: QueryItems, _ name: String) throws(ServiceError) -> Timestamp? {
        try query.integer(name, 0...(.max)).map { Timestamp(milliseconds: Int64($0)) }
    }

    func taskMissing(_ task: String, _ function: String) async throws -> ServiceError {
        _ = try await catalog.get(function)
        return ServiceError(
            status: 404, code: "StatefulAsyncInvocationNotFound",
            message: "function '\(function)' has no asynchronous invocation '\(task)', or it has succeeded and is not remembered"
                + " (asyncTask of its configuration has successes remembered)")
    }
}

extension TaskRecord {
    /// The object `AsyncTask` of the API.
    func json(_ host: HostIdentity, withPayload: Bool) -> JSONValue {
        var members: [String: JSONValue] = [
            "taskId": .string(invocation.task), "requestId": .string(invocation.request.text),
            "functionArn": .string(host.functionARN(invocation.lane)), "qualifier": .string(invocation.qualifier),
            "status": .string(status.rawValue), "instanceId": .string(attempts.last?.instance ?? ""),
            "alreadyRetriedTimes": .integer(Int64(retries)), "destinationStatus": .string(destination),
            "taskErrorMessage": .string(status == .succeeded ? "" : error),
            "returnPayload": .string(String(decoding: response, as: UTF8.self)),
            "events": .array(events),
        ]
        if let started { members["startedTime"] = .integer(started.milliseconds) }
        if let ended {
            members["endTime"] = .integer(ended.milliseconds)
            if let started { members["durationMs"] = .integer(ended.milliseconds - started.milliseconds) }
        }
        if withPayload { members["taskPayload"] = .string(String(decoding: invocation.payload, as: UTF8.self)) }
        return .object(members)
    }

    /// Attempts beyond the first.
    private var retries: Int {
        let made = attempts.filter { $0.result != "Redriven" }.count
        return max(0, status == .running || status == .stopping ? made : made - 1)
    }

    /// Each change of the status, as the history tells it.
    private var events: [JSONValue] {
        var events: [JSONValue] = []
        func add(_ status: String, _ time: Timestamp, _ error: String = "") {
            let detail = error.isEmpty ? "{}" : JSONValue.object(["Error": .string(error)]).text
            events.append([
                "eventId": .integer(Int64(events.count + 1)), "status": .string(status), "timestamp": .integer(time.milliseconds),
                "eventDetail": .string(detail),
            ])
        }
        add("Enqueued", invocation.accepted)
        for (index, attempt) in attempts.enumerated() {
            if attempt.result == "Redriven" {
                add("Enqueued", attempt.started)
                continue
            }
            if attempt.started != attempt.ended || !attempt.instance.isEmpty {
                add("Dequeued", attempt.started)
                add("Running", attempt.started)
            }
            let isLast = index == attempts.count - 1 && ended != nil
            add(isLast ? status.rawValue : "Retrying", attempt.ended, attempt.error)
        }
        if status == .running || status == .stopping, let started {
            add("Dequeued", started)
            add("Running", started)
        }
        return events
    }
}
