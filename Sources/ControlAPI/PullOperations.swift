// SPDX-License-Identifier: Apache-2.0
import Activation
import Catalog
import FunctionModel
import HTTPTypes
import Hummingbird
import Images
import NIOCore
import Registry

extension ControlResponder {
    /// The login in the body is used for this pull and kept nowhere.
    func pullImage(_ request: Request, _ id: RequestID) async throws -> Response {
        let pull = try PullRequest(try await request.jsonObject())
        let upload = ImageUpload(
            load: { [images, catalog] progress in
                let pulled = try await images.pull(
                    pull.reference, access: pull.access, keepBlobs: pull.keepBlobs, progress: progress)
                try await catalog.imagesChanged()
                return ["event": "loaded", "images": [pulled.json]]
            }, logger: logger)
        return try await upload.response(id, read: request.body)
    }

    func tagImage(_ reference: String, _ request: Request) async throws -> Response {
        let input = try await request.jsonObject()
        guard let name = input["name"]?.string else { throw ServiceError.missing("name", "the other name, for example \"hello:stable\"") }
        let image = try await images.tag(reference, as: name)
        try await catalog.imagesChanged()
        return Response(json: image.json)
    }

    func exportImage(_ reference: String) async throws -> Response {
        let archive = try await images.archive(reference)
        let body = ResponseBody(contentLength: Int(clamping: archive.size)) { writer in
            for try await buffer in archive { try await writer.write(buffer) }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "application/x-tar"], body: body)
    }

    func collectImages(_ request: Request) async throws -> Response {
        let input = try await request.jsonObject()
        func flag(_ name: String) throws -> Bool {
            guard let value = input[name] else { return false }
            guard let flag = value.bool else { throw ServiceError.invalid(name, value, "it must be true or false") }
            return flag
        }
        let collected = try await catalog.collectImages(
            all: try flag("all"), running: Set(instances.manifests()), dryRun: try flag("dryRun"))
        return Response(json: [
            "images": .array(collected.images.map(\.json)), "layers": .array(collected.layers.map { .string($0.description) }),
            "bytes": .integer(Int64(clamping: collected.bytes)),
        ])
    }
}

/// The body of `POST /swiftlet/v1/images/pull`.
struct PullRequest: Sendable {
    var reference: String
    var access: RegistryAccess
    var keepBlobs: Bool

    init(_ input: [String: JSONValue]) throws(ServiceError) {
        let known = ["reference", "auth", "plainHTTP", "insecure", "rootCaCertBase64", "keepBlobs"]
        if let other = input.keys.sorted().first(where: { !known.contains($0) }) {
            throw .invalidArgument("\(other): this operation has no such field; it has \(known.joined(separator: ", "))")
        }
        func flag(_ name: String) throws(ServiceError) -> Bool {
            guard let value = input[name], value != .null else { return false }
            guard let flag = value.bool else { throw .invalid(name, value, "it must be true or false") }
            return flag
        }
        guard let reference = input["reference"]?.string else {
            throw .missing("reference", "the image to pull, for example \"registry.example.org/team/hello:1\"")
        }
        self.reference = reference
        keepBlobs = try flag("keepBlobs")
        access = RegistryAccess()
        if try flag("insecure") { access.security = .unverified }
        if try flag("plainHTTP") { access.security = .plain }
        if let value = input["rootCaCertBase64"], !value.isEmpty { access.authorities = try RegistryAccess.authorities(base64: value) }
        if let value = input["auth"], !value.isEmpty { access.credentials = try KnownCredentials(json: value) }
    }
}

extension KnownCredentials {
    /// `{"userName", "password"}` or `{"identityToken"}`, each with an optional `origin` that errors name. No value of it is ever repeated.
    fileprivate init(json value: JSONValue) throws(ServiceError) {
        let members = value.object ?? [:]
        let origin = members["origin"]?.string ?? "the request"
        if let token = members["identityToken"]?.string, !token.isEmpty {
            self.init(.identityToken(Secret(token)), origin: origin)
        } else if let user = members["userName"]?.string, let password = members["password"]?.string, !user.isEmpty {
            self.init(.password(user: user, Secret(password)), origin: origin)
        } else {
            throw .invalidArgument("auth: it must have userName and password, or identityToken")
        }
    }
}
