// SPDX-License-Identifier: Apache-2.0
import Catalog
import FunctionModel
import Hummingbird
import Store

extension ControlResponder {
    func putAsyncConfig(_ function: String, _ query: QueryItems, _ request: Request) async throws -> Response {
        let input = try await request.jsonObject()
        return Response(json: try await catalog.putAsyncConfig(of: function, qualifier: Self.qualifier(query), input).json(catalog.host))
    }

    func asyncConfig(_ function: String, _ query: QueryItems) async throws -> Response {
        Response(json: try await catalog.asyncConfig(of: function, qualifier: Self.qualifier(query)).json(catalog.host))
    }

    func deleteAsyncConfig(_ function: String, _ query: QueryItems) async throws -> Response {
        try await catalog.deleteAsyncConfig(of: function, qualifier: Self.qualifier(query))
        return .nothing
    }

    func listAsyncConfigs(_ query: QueryItems) async throws -> Response {
        let page = try await catalog.asyncConfigs(
            of: query.string("functionName"), limit: try query.integer("limit", Self.pageSizes) ?? Self.pageSize,
            token: query.string("nextToken"))
        return Response(json: Self.page("configs", page.configs.map { $0.json(catalog.host) }, page.nextToken))
    }

    static func qualifier(_ query: QueryItems) -> String { query.string("qualifier") ?? "LATEST" }
}
