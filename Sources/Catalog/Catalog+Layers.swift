// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import Images
import Logging
public import Store

extension Catalog {
    /// Makes the next version of a layer.
    ///
    /// - Parameter zip: what the request carried; nil where `input` names an object.
    /// - Throws: as ``LayerLibrary/publish(_:_:zip:)``.
    public func publishLayer(_ layer: String, _ input: LayerInput, zip: LayerZip?) async throws -> LayerVersionRecord {
        let record = try await images.layers.publish(layer, input, zip: zip)
        // It needs no turn, but it is shared at the end of one.
        try await turns.run {}
        return record
    }

    /// - Throws: ``ServiceError`` 404 `LayerNotFound` or `LayerVersionNotFound`.
    public func layerVersion(_ name: LayerVersionName) async throws -> LayerVersionRecord {
        if let record = try await store.layerVersion(name), !record.isDeleted { return record }
        if try await store.layerVersions(of: name.layer, limit: 1).isEmpty { throw Self.layerNotFound(name.layer) }
        throw ServiceError(
            status: 404, code: "LayerVersionNotFound", message: "version \(name.number) of layer '\(name.layer)' does not exist")
    }

    /// - Throws: as ``layerVersion(_:)``, and 400 `InvalidArgument` for what is no resource name of a layer version.
    public func layerVersion(arn: String) async throws -> LayerVersionRecord {
        if let name = host.layerVersion(arn: arn) { return try await layerVersion(name) }
        guard arn.hasPrefix("acs:fc:"), arn.contains(":layers/"), arn.contains("/versions/") else {
            throw ServiceError.invalid(
                "layerVersionArn", .string(arn), "it must be the layerVersionArn of a layer, \(host.layerARNPrefix)NAME/versions/NUMBER")
        }
        throw ServiceError(
            status: 404, code: "LayerVersionNotFound",
            message: "layer '\(arn)' does not exist: the layers of this host begin with \(host.layerARNPrefix)")
    }

    /// A page of the versions of a layer, oldest first.
    ///
    /// - Returns: the page, and the number of the next version where there is more.
    /// - Throws: ``ServiceError`` 404 `LayerNotFound`.
    public func layerVersions(
        of layer: String, from number: Int, limit: Int
    ) async throws -> (versions: [LayerVersionRecord], nextVersion: Int?) {
        let found = try await store.layerVersions(of: layer, from: number, limit: limit + 1)
        if found.isEmpty, try await store.layerVersions(of: layer, limit: 1).isEmpty { throw Self.layerNotFound(layer) }
        return (Array(found.prefix(limit)), found.count > limit ? found[limit].name.number : nil)
    }

    /// A page of layers, each by its newest version, in the order of their names.
    public func layers(
        prefix: String, isPublic: Bool?, limit: Int, token: String?
    ) async throws -> (layers: [LayerVersionRecord], nextToken: String?) {
        let found = try await store.newestLayerVersions(prefix: prefix, after: token ?? "", isPublic: isPublic, limit: limit + 1)
        let page = Array(found.prefix(limit))
        return (page, found.count > limit ? page.last?.name.layer : nil)
    }

    /// - Throws: ``ServiceError`` 404 `LayerNotFound`.
    public func setLayer(_ layer: String, isPublic: Bool) async throws {
        guard try await store.setLayer(layer, isPublic: isPublic) else { throw Self.layerNotFound(layer) }
        try await turns.run {}
    }

    /// Nobody can name the version any more; functions that have it keep it, and when the last of them lets go it is gone.
    ///
    /// - Throws: ``ServiceError`` 404 `LayerNotFound` or `LayerVersionNotFound`.
    public func deleteLayerVersion(_ name: LayerVersionName) async throws {
        try await turns.run { [self] in
            _ = try await layerVersion(name)
            _ = try await store.deleteLayerVersion(name)
            await collectLayers()
        }
    }

    /// Call it when a function has let go of a layer, in the same turn.
    func collectLayers() async {
        do { try await images.layers.collect(arnPrefix: host.layerARNPrefix) } catch {
            // What was changed is changed all the same, and the next change tries again.
            logger.warning("layers that nobody has could not be removed", metadata: ["error": "\(error)"])
        }
    }

    /// Puts the layers of an input in place before its turn comes, since that may take seconds; nothing depends on it.
    func prepareLayers(_ input: [String: JSONValue]) async throws {
        for element in input["layers"]?.array ?? [] {
            guard let arn = element.string ?? element.object?["arn"]?.string, let name = host.layerVersion(arn: arn),
                let version = try await store.layerVersion(name), !version.isDeleted
            else { continue }
            _ = try await images.layers.unpack(version)
        }
    }

    /// Looks the layers of a function up and puts them in place.
    ///
    /// - Parameter kept: what the function has already, and may keep though it was deleted.
    /// - Returns: the same layers with their sizes, and the trees that they unpack to.
    /// - Throws: ``ServiceError`` 404 `LayerNotFound` or `LayerVersionNotFound`, 400 `InvalidArgument` where they are too large, made for other
    ///   runtimes, or hostile.
    func layers(_ layers: [FunctionLayer], keeping kept: [FunctionLayer]) async throws -> (layers: [FunctionLayer], trees: [Digest]) {
        var trees: [Digest] = []
        var sized: [FunctionLayer] = []
        var bytes = 0
        for layer in layers {
            let isKept = kept.contains { $0.arn == layer.arn }
            let version: LayerVersionRecord
            if isKept, let name = host.layerVersion(arn: layer.arn), let found = try await store.layerVersion(name) {
                version = found
            } else {
                version = try await layerVersion(arn: layer.arn)
            }
            let runtimes = version.content.compatibleRuntime
            guard isKept || runtimes.isEmpty || runtimes.contains("custom-container") else {
                throw ServiceError.invalidArgument(
                    "layers: custom-container is not supported by layer '\(layer.arn)', which is for \(runtimes.joined(separator: ", ")); "
                        + "publish it with compatibleRuntime custom-container")
            }
            bytes = try LayerLimits.adding(try await images.layers.unpack(version), to: bytes)
            sized.append(FunctionLayer(arn: layer.arn, size: version.content.size))
            trees.append(version.content.tree)
        }
        return (sized, trees)
    }

    private static func layerNotFound(_ layer: String) -> ServiceError {
        ServiceError(status: 404, code: "LayerNotFound", message: "layer '\(layer)' does not exist")
    }
}

extension LayerVersionRecord {
    /// The object `Layer` of the API.
    ///
    /// - Parameter location: where the zip can be fetched.
    public func json(host: HostIdentity, location: String) -> JSONValue {
        [
            "layerName": .string(name.layer), "version": .integer(Int64(name.number)), "layerVersionArn": .string(host.layerARN(name)),
            "description": .string(content.description), "compatibleRuntime": .array(content.compatibleRuntime.map { .string($0) }),
            "code": ["repositoryType": "OSS", "location": .string(location)], "codeSize": .integer(Int64(content.size)),
            "codeChecksum": .string(content.checksum), "createTime": .string(created.rfc3339), "acl": isPublic ? "1" : "0",
            "license": .string(content.license),
        ]
    }
}
