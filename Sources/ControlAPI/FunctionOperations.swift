// SPDX-License-Identifier: Apache-2.0
import Access
import Catalog
import FunctionLog
import FunctionModel
import Hummingbird
import Logging

extension ControlResponder {
    /// Functions or versions on a page where the request does not say.
    static var pageSize: Int { 20 }
    static var pageSizes: ClosedRange<Int> { 1...100 }

    func createFunction(_ request: Request) async throws -> Response {
        let input = try await request.jsonObject()
        try RequestAuthorization.caller.require(.manage, function: input["functionName"]?.string)
        return Response(json: try await catalog.create(input).json)
    }

    func listFunctions(_ query: QueryItems) async throws -> Response {
        let filter = FunctionFilter(
            prefix: query.string("prefix") ?? "", name: query.string("functionName"), description: query.string("description"),
            tags: try FunctionTag.list(try query.json("tags")), policy: RequestAuthorization.caller.policy,
            // Every function here runs an image without a GPU.
            isPossible: [nil, "custom-container"].contains(query.string("runtime")) && query.string("gpuType") == nil
                && query.string("resourceGroupId") == nil && [nil, "v3"].contains(query.string("fcVersion")?.lowercased()))
        let page = try await catalog.list(
            filter, limit: try query.integer("limit", Self.pageSizes) ?? Self.pageSize, token: query.string("nextToken"))
        return Response(json: Self.page("functions", page.functions.map(\.json), page.nextToken))
    }

    func deleteFunction(_ name: String) async throws -> Response {
        try await catalog.delete(name)
        do {
            try await logs.remove(name)
        } catch {
            // The function is gone all the same; a new one of this name would begin with the old lines.
            logger.error("the log of a deleted function could not be removed", metadata: ["function": "\(name)", "error": "\(error)"])
        }
        return .nothing
    }

    func functionCode(_ name: String) async throws -> Response {
        let image = try await catalog.get(name).image
        throw ServiceError.invalidArgument("function '\(name)' has no code to download: it runs the image '\(image)'")
    }

    func publishVersion(_ name: String, _ request: Request) async throws -> Response {
        let input = try await request.jsonObject()
        let description = input["description"] ?? ""
        guard let text = description.string else { throw ServiceError.invalid("description", description, "it must be a string") }
        return Response(json: try await catalog.publishVersion(of: name, description: text).json)
    }

    func listVersions(_ name: String, _ query: QueryItems) async throws -> Response {
        let direction = query.string("direction")?.uppercased() ?? "BACKWARD"
        guard ["BACKWARD", "FORWARD"].contains(direction) else {
            throw ServiceError.invalid("direction", .string(direction), "it must be BACKWARD (newest first) or FORWARD")
        }
        let page = try await catalog.versions(
            of: name, newestFirst: direction == "BACKWARD", limit: try query.integer("limit", Self.pageSizes) ?? Self.pageSize,
            token: query.string("nextToken"))
        var json = Self.page("versions", page.versions.map(\.json), page.nextToken).object ?? [:]
        json["direction"] = .string(direction)
        return Response(json: .object(json))
    }

    /// The last page has no `nextToken`.
    static func page(_ name: String, _ elements: [JSONValue], _ nextToken: String?) -> JSONValue {
        var page: [String: JSONValue] = [name: .array(elements)]
        if let nextToken { page["nextToken"] = .string(nextToken) }
        return .object(page)
    }
}
