// SPDX-License-Identifier: Apache-2.0
import Catalog
import FunctionModel
import Hummingbird
import Store

extension ControlResponder {
    func createTrigger(_ function: String, _ request: Request) async throws -> Response {
        Response(json: json(try await catalog.createTrigger(of: function, try await request.jsonObject())))
    }

    func listTriggers(_ function: String, _ query: QueryItems) async throws -> Response {
        let page = try await catalog.triggers(
            of: function, prefix: query.string("prefix") ?? "", limit: try query.integer("limit", Self.pageSizes) ?? Self.pageSize,
            token: query.string("nextToken"))
        return Response(json: Self.page("triggers", page.triggers.map(json), page.nextToken))
    }

    /// - Returns: nil for a method that it does not have.
    func trigger(_ name: String, _ function: String, _ request: Request) async throws -> Response? {
        switch request.method {
        case .get: return Response(json: json(try await catalog.trigger(name, of: function)))
        case .put: return Response(json: json(try await catalog.updateTrigger(name, of: function, try await request.jsonObject())))
        case .delete:
            try await catalog.deleteTrigger(name, of: function)
            return .nothing
        default: return nil
        }
    }

    /// The object `Trigger` of the API. The two URLs are the two forms of an HTTP call: by host name, and by path.
    private func json(_ record: TriggerRecord) -> JSONValue {
        let trigger = record.trigger
        var members = trigger.json
        members["triggerId"] = .string(record.id)
        members["targetArn"] = .string("\(catalog.host.functionARN(record.function))/\(trigger.qualifier)")
        members["createdTime"] = .string(record.created.rfc3339)
        members["lastModifiedTime"] = .string(record.modified.rfc3339)
        switch trigger.kind {
        case .http:
            let isLatest = trigger.qualifier == "LATEST"
            let (port, name) = (facts.listen.split(separator: ":").last ?? "", record.function)
            members["status"] = "Active"
            members["httpTrigger"] = [
                "urlInternet": .string("http://\(isLatest ? "" : "\(trigger.qualifier).")\(name).localhost:\(port)"),
                "urlIntranet": .string("http://\(facts.listen)/http/\(name)\(isLatest ? "" : "@\(trigger.qualifier)")"),
            ]
        case .timer(let timer): members["status"] = timer.isEnabled ? "Active" : "Inactive"
        }
        return .object(members)
    }
}
