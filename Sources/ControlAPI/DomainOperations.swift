// SPDX-License-Identifier: Apache-2.0
import Catalog
import FunctionModel
import Hummingbird

extension ControlResponder {
    /// - Returns: nil for a method that it does not have.
    func domains(_ request: Request, _ query: QueryItems) async throws -> Response? {
        switch request.method {
        case .post: return Response(json: try await catalog.createDomain(try await request.jsonObject()).json(catalog.host))
        case .get:
            let page = try await catalog.domains(
                prefix: query.string("prefix") ?? "", limit: try query.integer("limit", Self.pageSizes) ?? Self.pageSize,
                token: query.string("nextToken"))
            return Response(json: Self.page("customDomains", page.domains.map { $0.json(catalog.host) }, page.nextToken))
        default: return nil
        }
    }

    /// - Returns: nil for a method that it does not have.
    func domain(_ name: String, _ request: Request) async throws -> Response? {
        switch request.method {
        case .get: return Response(json: try await catalog.domain(name).json(catalog.host))
        case .put: return Response(json: try await catalog.updateDomain(name, try await request.jsonObject()).json(catalog.host))
        case .delete:
            try await catalog.deleteDomain(name)
            return .nothing
        default: return nil
        }
    }
}
