// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import NIOCore

/// Where an object lies: a bucket, and a name in it.
public struct ObjectName: Hashable, Sendable, CustomStringConvertible {
    public var bucket: String
    /// Parts with slashes between them, for example `layers/fonts.zip`.
    public var name: String

    public init(bucket: String, name: String) {
        self.bucket = bucket
        self.name = name
    }

    public var description: String { "\(bucket)/\(name)" }

    /// The rules that both S3 and OSS have for buckets; names are held to what is also a path below a folder.
    ///
    /// - Throws: ``ServiceError`` with code `InvalidArgument`.
    public func check() throws(ServiceError) {
        let bytes = bucket.utf8
        guard (3...63).contains(bytes.count), bytes.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }),
            bytes.first != 45, bytes.last != 45
        else {
            throw .invalid("ossBucketName", .string(bucket), "a bucket's name has 3 to 63 lower-case letters, digits and '-'")
        }
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard (1...1023).contains(name.utf8.count), !name.utf8.contains(0),
            parts.allSatisfy({ !$0.isEmpty && $0.count <= 255 && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) })
        else {
            throw .invalid(
                "ossObjectName", .string(name), "an object's name is a path of 1 to 1023 bytes without '.', '..' and empty parts")
        }
    }
}

/// Keeps objects: bytes under a name, written whole or not at all.
public protocol ObjectStore: Sendable {
    /// Where the host keeps what is its own.
    var ownBucket: String { get }

    /// Reads an object from its begin to its end.
    ///
    /// - Parameter take: gets the bytes in order; nothing more is read before it returns.
    /// - Throws: ``ServiceError`` 404 `ObjectNotFound`, 400 `EntityTooLarge` past `limit` bytes, 502 `ObjectStoreFailed`, and what `take` throws.
    func read(_ object: ObjectName, limit: Int, take: @Sendable (ByteBuffer) async throws -> Void) async throws

    /// Writes an object; one of that name is replaced.
    ///
    /// - Parameters:
    ///   - file: open for reading, borrowed; all of its `length` bytes are written.
    ///   - digest: the SHA-256 of these bytes.
    /// - Throws: ``ServiceError`` 502 `ObjectStoreFailed`, 507 `InsufficientStorage`.
    func write(_ object: ObjectName, from file: CInt, length: Int, digest: Digest) async throws

    /// Removes an object; one that is not there is no error.
    func remove(_ object: ObjectName) async throws
}

extension ServiceError {
    static func objectNotFound(_ object: ObjectName) -> ServiceError {
        ServiceError(status: 404, code: "ObjectNotFound", message: "the object store has no object '\(object)'")
    }

    static func objectTooLarge(_ object: ObjectName, limit: Int) -> ServiceError {
        ServiceError(status: 400, code: "EntityTooLarge", message: "object '\(object)' exceeds maximum allowed size (\(limit) bytes)")
    }

    static func objectStoreFailed(_ doing: String, _ reason: String) -> ServiceError {
        ServiceError(status: 502, code: "ObjectStoreFailed", message: "\(doing): \(reason)")
    }
}
