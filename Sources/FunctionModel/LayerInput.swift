// SPDX-License-Identifier: Apache-2.0

/// What a new layer version is made with, but for its bytes.
///
/// Source: CreateLayerVersionInput of Function Compute API 2023-03-30.
public struct LayerInput: Hashable, Sendable {
    /// Where the zip comes from.
    public enum Source: Hashable, Sendable {
        /// It came with the request.
        case request
        case object(bucket: String, name: String)
    }

    public var source: Source
    /// CRC-64 of the zip, as a decimal number; nil where the caller promises none.
    public var checksum: UInt64?
    public var description: String
    public var license: String
    /// Empty means every runtime.
    public var compatibleRuntime: [String]

    /// - Parameter carriesZip: whether the request carries the bytes of a zip, which are not in `input` any more.
    /// - Throws: ``ServiceError`` with code `InvalidArgument` that names field, value and bound.
    public init(_ input: [String: JSONValue], carriesZip: Bool) throws(ServiceError) {
        let reader = FieldReader(input)
        description = try reader.string("description", maximumBytes: FunctionLimits.descriptionBytes) ?? ""
        license = try reader.string("license", maximumBytes: LayerLimits.licenseBytes) ?? ""
        compatibleRuntime = try reader.strings("compatibleRuntime", maximumBytes: 1024) ?? []
        for runtime in compatibleRuntime where !Self.isRuntime(runtime) {
            throw .invalid("compatibleRuntime", .string(runtime), "it must be a runtime, for example \"custom-container\"")
        }
        guard let code = try reader.object("code") else {
            throw .missing("code", "give code.zipFile, or code.ossBucketName and code.ossObjectName")
        }
        let bucket = try code.string("ossBucketName", maximumBytes: 63) ?? ""
        let object = try code.string("ossObjectName", maximumBytes: 1023) ?? ""
        switch (carriesZip, bucket.isEmpty, object.isEmpty) {
        case (true, true, true): source = .request
        case (false, false, false): source = .object(bucket: bucket, name: object)
        default: throw .invalidArgument("code: either ossBucketName and ossObjectName or zipFile must be set")
        }
        if let value = code.members["checksum"], !value.isEmpty {
            guard let number = value.string.flatMap({ UInt64($0) }) ?? value.integer.flatMap({ UInt64(exactly: $0) }) else {
                throw .invalid("code.checksum", value, "it must be the CRC-64 (ECMA-182) of the zip as a decimal number")
            }
            checksum = number
        }
    }

    /// The names of Function Compute's runtimes grow in number; only their form is held to.
    private static func isRuntime(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 46 }
    }
}

/// CRC-64 with the polynomial of ECMA-182 in its reflected form, as object stores of Alibaba Cloud count it (CRC-64/XZ).
public struct CRC64: Sendable {
    private var state = UInt64.max

    public init() {}

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes { state = Self.table[Int(truncatingIfNeeded: state ^ UInt64(byte)) & 0xff] ^ state >> 8 }
    }

    public var value: UInt64 { ~state }

    private static let table: [UInt64] = (0..<256).map { index in
        (0..<8).reduce(UInt64(index)) { value, _ in value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xc96c_5795_d787_0f42 }
    }
}
