// SPDX-License-Identifier: Apache-2.0
import Access
import Catalog
import FunctionModel
import Hummingbird
import Store

extension ControlResponder {
    private func register() throws(ServiceError) -> AccessRegister {
        guard let access else {
            throw ServiceError(status: 400, code: "PathNotSupported", message: "keys and roles are not supported by this host")
        }
        return access
    }

    func createKey(_ request: Request) async throws -> Response {
        let (record, secret) = try await register().createKey(try await request.jsonObject())
        return Response(json: .object((record.json.object ?? [:]).merging(["accessKeySecret": .string(secret)]) { $1 }))
    }

    func listKeys() async throws -> Response { Response(json: ["keys": .array(try await register().keys().map(\.json))]) }

    func revokeKey(_ id: String, _ query: QueryItems) async throws -> Response {
        try await register().revokeKey(id, opening: try query.bool("open") ?? false)
        return .nothing
    }

    func putRole(_ name: String, _ request: Request) async throws -> Response {
        Response(json: try await register().putRole(name, try await request.jsonObject()).json)
    }

    func listRoles() async throws -> Response { Response(json: ["roles": .array(try await register().roles().map(\.json))]) }

    func deleteRole(_ name: String) async throws -> Response {
        try await register().deleteRole(name)
        return .nothing
    }
}
