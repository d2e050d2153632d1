// SPDX-License-Identifier: Apache-2.0
import Catalog
import FunctionModel
import Hummingbird

extension ControlResponder {
    func createAlias(_ function: String, _ request: Request) async throws -> Response {
        Response(json: try await catalog.createAlias(of: function, try await request.jsonObject()).json)
    }

    func updateAlias(_ name: String, _ function: String, _ request: Request) async throws -> Response {
        Response(json: try await catalog.updateAlias(name, of: function, try await request.jsonObject()).json)
    }

    func listAliases(_ function: String, _ query: QueryItems) async throws -> Response {
        let page = try await catalog.aliases(
            of: function, prefix: query.string("prefix") ?? "", limit: try query.integer("limit", Self.pageSizes) ?? Self.pageSize,
            token: query.string("nextToken"))
        return Response(json: Self.page("aliases", page.aliases.map(\.json), page.nextToken))
    }

    func aliasHistory(_ name: String, _ function: String) async throws -> Response {
        Response(json: ["changes": .array(try await catalog.aliasChanges(name, of: function).map(\.changeJSON))])
    }

    /// The body may name a change: `{"change": 3}`.
    func rollBackAlias(_ name: String, _ function: String, _ request: Request) async throws -> Response {
        let input = try await request.jsonObject()
        let number = input["change"]?.integer
        if let given = input["change"], number == nil { throw ServiceError.invalid("change", given, "it must be the number of a change") }
        return Response(json: try await catalog.rollBackAlias(name, of: function, to: number).json)
    }
}
