// SPDX-License-Identifier: Apache-2.0
import Activation
import Catalog
import FunctionModel
import Hummingbird
import Store

extension ControlResponder {
    /// - Returns: nil for a method that it does not have.
    func concurrency(_ function: String, _ request: Request) async throws -> Response? {
        switch request.method {
        case .put:
            return Response(json: try await catalog.putConcurrency(of: function, try await request.jsonObject()).json(catalog.host))
        case .get: return Response(json: try await catalog.concurrency(of: function).json(catalog.host))
        case .delete:
            try await catalog.deleteConcurrency(of: function)
            return .nothing
        default: return nil
        }
    }

    func listSettings(_ kind: SettingKind, _ name: String, _ query: QueryItems) async throws -> Response {
        let page = try await catalog.settings(
            kind, of: query.string("functionName"), limit: try query.integer("limit", Self.pageSizes) ?? Self.pageSize,
            token: query.string("nextToken"))
        return Response(json: Self.page(name, page.settings.map { $0.json(catalog.host) }, page.nextToken))
    }

    /// The switch first, so that no call begins while the running ones are ended.
    func switchInvocation(_ function: String, on: Bool, _ request: Request) async throws -> Response {
        if on {
            try await catalog.enableInvocation(of: function)
        } else {
            let input = try InvocationRestriction.read(try await request.jsonObject())
            try await catalog.disableInvocation(of: function, reason: input.reason)
            if input.abortsOngoing { _ = await instances.abortInstances(of: function) }
        }
        return Response(json: ["success": true])
    }
}
