// SPDX-License-Identifier: Apache-2.0
import Catalog
import FunctionModel
import HTTPTypes
import Hummingbird
import Images
import Logging
import NIOCore
import ObjectStore
import Store

extension ControlResponder {
    /// The zip goes from the request to a file while it comes; only the rest of the body is kept in memory.
    func createLayerVersion(_ layer: String, _ request: Request) async throws -> Response {
        try LayerVersionName.checkLayer(layer)
        let length = request.headers[.contentLength].flatMap { UInt64($0) }
        if let length, length > LayerLimits.requestBytes { throw Self.layerTooLarge }
        var body = ZipInJSON()
        var zip: LayerZip?
        var received = 0
        for try await block in WholeBody(body: request.body, length: length) {
            received += block.readableBytes
            guard received <= LayerLimits.requestBytes else { throw Self.layerTooLarge }
            let bytes = try body.take(block.readableBytesView)
            if bytes.isEmpty { continue }
            if zip == nil { zip = try await images.layers.newZip() }
            try await zip?.append(ByteBuffer(bytes: bytes))
        }
        let input = try LayerInput(try body.finish(), carriesZip: zip != nil)
        return Response(json: json(try await catalog.publishLayer(layer, input, zip: zip), request))
    }

    func listLayers(_ request: Request, _ query: QueryItems) async throws -> Response {
        let limit = try query.integer("limit", Self.pageSizes) ?? Self.pageSize
        // The official layers are Alibaba Cloud's.
        if try query.bool("official") == true { return Response(json: Self.page("layers", [], nil)) }
        let page = try await catalog.layers(
            prefix: query.string("prefix") ?? "", isPublic: try query.bool("public") == true ? true : nil, limit: limit,
            token: query.string("nextToken"))
        return Response(json: Self.page("layers", page.layers.map { json($0, request) }, page.nextToken))
    }

    func listLayerVersions(_ layer: String, _ request: Request, _ query: QueryItems) async throws -> Response {
        let page = try await catalog.layerVersions(
            of: layer, from: try query.integer("startVersion", 1...Int(Int32.max)) ?? 1,
            limit: try query.integer("limit", Self.pageSizes) ?? Self.pageSize)
        var answer: [String: JSONValue] = ["layers": .array(page.versions.map { json($0, request) })]
        if let next = page.nextVersion { answer["nextVersion"] = .integer(Int64(next)) }
        return Response(json: .object(answer))
    }

    /// `acl` is `0` (private) or `1` (public), and `public` says the same in other words; either is enough.
    func putLayerACL(_ layer: String, _ query: QueryItems) async throws -> Response {
        let isPublic = try query.bool("public")
        let acl = query.string("acl")
        guard acl == nil || acl == "0" || acl == "1" else { throw ServiceError.invalid("acl", .string(acl ?? ""), "it must be 0 or 1") }
        guard let wanted = acl.map({ $0 == "1" }) ?? isPublic else { throw ServiceError.missing("acl", "give 0 (private) or 1 (public)") }
        if let isPublic, isPublic != wanted { throw ServiceError.invalidArgument("acl and public contradict each other") }
        try await catalog.setLayer(layer, isPublic: wanted)
        return .nothing
    }

    /// The zip as it was published.
    func layerCode(_ layer: String, _ version: String) async throws -> Response {
        let record = try await catalog.layerVersion(try layerVersionName(layer, version))
        let zip = try await images.layers.zip(of: record)
        let length = record.content.size
        let body = ResponseBody(contentLength: length) { writer in
            var done = 0
            while done < length {
                let block = try await zip.read(at: done, count: min(256 << 10, length - done))
                done += block.readableBytes
                try await writer.write(block)
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "application/zip"], body: body)
    }

    func putObject(_ name: String, _ bucket: String, _ request: Request) async throws -> Response {
        let object = try ObjectName(checked: name, in: bucket, of: images.layers.objects)
        let zip = try await images.layers.newZip()
        for try await block in WholeBody(body: request.body, length: request.headers[.contentLength].flatMap { UInt64($0) }) {
            try await zip.append(block)
        }
        try await zip.write(to: images.layers.objects, as: object)
        return .nothing
    }

    func layerVersionName(_ layer: String, _ version: String) throws -> LayerVersionName {
        guard let number = Int(version), number > 0 else {
            throw ServiceError.invalid("version", .string(version), "it must be the number of a version of layer '\(layer)'")
        }
        return LayerVersionName(layer: layer, number: number)
    }

    /// The zip can be fetched where the request was sent to.
    func json(_ version: LayerVersionRecord, _ request: Request) -> JSONValue {
        let name = version.name
        let host = request.head.authority.flatMap { $0.isEmpty ? nil : $0 } ?? facts.listen
        let base = host.contains("://") ? host : "http://\(host)"
        return version.json(host: catalog.host, location: "\(base)/swiftlet/v1/layers/\(name.layer)/versions/\(name.number)/code")
    }

    private static var layerTooLarge: ServiceError {
        ServiceError(
            status: 400, code: "EntityTooLarge",
            message:
                "payload size exceeds maximum allowed size (\(LayerLimits.requestBytes) bytes); put a larger zip into the object store, and name it by ossBucketName and ossObjectName"
        )
    }
}

extension ObjectName {
    /// An object that clients may write: none of the host's own.
    init(checked name: String, in bucket: String, of store: any ObjectStore) throws(ServiceError) {
        self.init(bucket: bucket, name: name)
        try check()
        guard bucket != store.ownBucket || !name.hasPrefix("layers/") else {
            throw ServiceError(status: 403, code: "AccessDenied", message: "object '\(self)' is the host's own")
        }
    }
}
