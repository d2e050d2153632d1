// SPDX-License-Identifier: Apache-2.0
import Catalog
import FunctionModel
import Hummingbird

/// Names are capitalised in this corner of the API.
extension ControlResponder {
    private static var resourceType: String { "ALIYUN::FC::FUNCTION" }
    private static var resources: Int { 50 }

    /// - Returns: nil for a method that it does not have.
    func tags(_ request: Request, _ query: QueryItems, _ id: RequestID) async throws -> Response? {
        switch request.method {
        case .post: return try await tagResources(try await request.jsonObject())
        case .get: return try await listTagResources(query, id)
        case .delete: return try await untagResources(query)
        default: return nil
        }
    }

    private func tagResources(_ input: [String: JSONValue]) async throws -> Response {
        try Self.check(type: input["ResourceType"]?.string)
        let functions = try Self.functions(input["ResourceId"])
        guard let given = input["Tag"], given.array?.isEmpty == false else { throw ServiceError.missing("Tag", "give at least one tag") }
        try await catalog.addTags(try FunctionTag.list(given), to: functions)
        return .nothing
    }

    private func untagResources(_ query: QueryItems) async throws -> Response {
        try Self.check(type: query.string("ResourceType"))
        let functions = try Self.functions(try query.json("ResourceId"))
        let keys = try query.strings("TagKey")
        if try query.bool("All") ?? false {
            if keys?.isEmpty == false { throw ServiceError.invalidArgument("TagKey and All: give one of them") }
            try await catalog.removeTags(nil, from: functions)
        } else {
            guard let keys, !keys.isEmpty else { throw ServiceError.missing("TagKey", "or All=true for all tags") }
            try await catalog.removeTags(keys, from: functions)
        }
        return .nothing
    }

    private func listTagResources(_ query: QueryItems, _ id: RequestID) async throws -> Response {
        try Self.check(type: query.string("ResourceType"))
        let named = try query.json("ResourceId")
        let page = try await catalog.tags(
            of: named == nil ? nil : try Self.functions(named), filter: try FunctionTag.list(try query.json("Tag")),
            limit: try query.integer("Limit", Self.pageSizes) ?? Self.pageSizes.upperBound, token: query.string("NextToken"))
        let tags: [JSONValue] = page.tags.map { tagged in
            [
                "ResourceId": .string(catalog.host.functionARN(tagged.function)), "ResourceType": .string(Self.resourceType),
                "TagKey": .string(tagged.tag.key), "TagValue": .string(tagged.tag.value),
            ]
        }
        var json: [String: JSONValue] = ["TagResources": .array(tags), "RequestId": .string(id.text)]
        if let token = page.nextToken { json["NextToken"] = .string(token) }
        return Response(json: .object(json))
    }

    /// `ALIYUN::FC::FUNCTION` and `function`, in any case, all occur.
    private static func check(type: String?) throws(ServiceError) {
        guard let type else { throw .missing("ResourceType", "it is \(resourceType)") }
        guard [resourceType, "FUNCTION"].contains(type.uppercased()) else {
            throw .invalid("ResourceType", .string(type), "only functions have tags here: it must be \(resourceType) or function")
        }
    }

    private static func functions(_ given: JSONValue?) throws(ServiceError) -> [String] {
        guard let given, let elements = given.array, !elements.isEmpty else {
            throw .missing("ResourceId", "a list of resource names, for example acs:fc:cn-local:1:functions/hello")
        }
        guard elements.count <= resources else {
            throw .invalidArgument("ResourceId: \(elements.count) resources; at most \(resources) are allowed")
        }
        var functions: [String] = []
        for element in elements {
            guard let name = element.string.flatMap(HostIdentity.function(ofARN:)) else {
                throw .invalid(
                    "ResourceId", element, "it must be a function's resource name, for example acs:fc:cn-local:1:functions/hello")
            }
            functions.append(name)
        }
        return functions
    }

    /// The one region there is.
    func regions() -> Response {
        let region: JSONValue = ["RegionId": .string(catalog.host.region), "LocalName": "This host"]
        return Response(json: ["Regions": ["Region": [region]]])
    }
}
