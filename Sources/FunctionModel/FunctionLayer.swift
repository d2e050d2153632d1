// SPDX-License-Identifier: Apache-2.0

/// One version of a layer: files that are laid under `/opt` of the functions that name it. Its number is never given twice.
public struct LayerVersionName: Hashable, Sendable, CustomStringConvertible {
    public var layer: String
    /// From 1.
    public var number: Int

    public init(layer: String, number: Int) {
        self.layer = layer
        self.number = number
    }

    public var description: String { "\(layer):\(number)" }

    /// - Throws: ``ServiceError`` with code `InvalidArgument`.
    public static func checkLayer(_ name: String) throws(ServiceError) {
        guard FunctionName.isName(name) else {
            throw .invalid(
                "layerName", .string(name), "it must have 1 to 64 letters, digits, '_' and '-', and must not start with a digit or '-'")
        }
    }
}

extension HostIdentity {
    /// What goes before `{name}/versions/{number}` in the resource name of a layer version.
    public var layerARNPrefix: String { "acs:fc:\(region):\(account):layers/" }

    /// `acs:fc:{region}:{account}:layers/{name}/versions/{number}`.
    public func layerARN(_ name: LayerVersionName) -> String { "\(layerARNPrefix)\(name.layer)/versions/\(name.number)" }

    /// - Returns: nil for what names no layer version of this host: a malformed name, or another region or account.
    public func layerVersion(arn: String) -> LayerVersionName? {
        guard arn.hasPrefix(layerARNPrefix) else { return nil }
        let parts = arn.dropFirst(layerARNPrefix.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1] == "versions", FunctionName.isName(String(parts[0])), let number = Int(parts[2]), number > 0,
            String(number) == parts[2]
        else { return nil }
        return LayerVersionName(layer: String(parts[0]), number: number)
    }
}

/// A layer version in a function's list.
public struct FunctionLayer: Hashable, Sendable {
    public var arn: String
    /// Bytes of its zip; 0 until the host has looked it up.
    public var size: Int

    public init(arn: String, size: Int = 0) {
        self.arn = arn
        self.size = size
    }

    public var json: JSONValue { ["arn": .string(arn), "size": .integer(Int64(size))] }
}

/// The bounds of layers. Source: Function Compute 3.0, quotas; the ones marked "here" are Swiftlet's.
public enum LayerLimits {
    /// Bytes of one zip.
    public static let zipBytes = 500_000_000
    /// Bytes of a request that carries its zip, base64 and all.
    public static let requestBytes = 100 << 20
    /// Versions of one layer that are not deleted.
    public static let versions = 100
    /// Bytes of files of all layers of a function, unpacked; so also of one layer.
    public static let functionBytes = 2_000_000_000
    /// Here: bytes of the licence's text.
    public static let licenseBytes = 1024

    /// The bytes of a function's layers with one more.
    ///
    /// - Throws: ``ServiceError`` 400 `InvalidArgument` where they are more than ``functionBytes``.
    public static func adding(_ bytes: Int, to others: Int) throws(ServiceError) -> Int {
        guard others + bytes <= functionBytes else {
            throw .invalidArgument(
                "layers: unpacked they have \(others + bytes) bytes; at most \(functionBytes) are allowed for all layers of a function")
        }
        return others + bytes
    }
}

extension FieldReader {
    /// A list of layer versions, in the order in which they are laid over each other, later ones on top. What the API gives back, objects of `arn` and
    /// `size`, is taken too.
    func layers() throws(ServiceError) -> [FunctionLayer]? {
        guard let value = members["layers"] else { return nil }
        guard let elements = value.array else { throw .invalid("layers", value, "it must be a list of layerVersionArn") }
        guard elements.count <= FunctionLimits.layers else {
            throw .invalidArgument("layers: \(elements.count) layers; at most \(FunctionLimits.layers) are allowed")
        }
        var layers: [FunctionLayer] = []
        for element in elements {
            guard let arn = element.string ?? element.object?["arn"]?.string, (1...256).contains(arn.utf8.count) else {
                throw .invalid("layers", element, "it must be the layerVersionArn of a layer, acs:fc:…:layers/NAME/versions/NUMBER")
            }
            guard !layers.contains(where: { $0.arn == arn }) else { throw .invalid("layers", element, "a layer is named once") }
            layers.append(FunctionLayer(arn: arn, size: element.object?["size"]?.integer ?? 0))
        }
        return layers
    }
}
