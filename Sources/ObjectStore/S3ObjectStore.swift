// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
public import FunctionModel
import Glibc
public import NIOCore
import NIOHTTP1
import NIOPosix

/// Objects on a server that speaks S3, with the bucket in the path. A proxy named in the environment is not used.
public struct S3ObjectStore: ObjectStore {
    /// Of a whole transfer; one that stalls is cut off earlier.
    private static let transferTime = TimeAmount.minutes(10)
    private static let emptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    public let ownBucket: String
    private let endpoint: String
    private let host: String
    private let signature: SignatureV4
    private let client: HTTPClient
    private let now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - endpoint: scheme, host and port, without a path: `http://127.0.0.1:9000`.
    ///   - bucket: exists, and takes what the host keeps.
    public init(endpoint: String, bucket: String, credentials: S3Credentials, now: @escaping @Sendable () -> Timestamp) {
        self.endpoint = endpoint
        host = endpoint.split(separator: "/").last.map(String.init) ?? endpoint
        ownBucket = bucket
        signature = SignatureV4(credentials)
        self.now = now
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(2)
        configuration.timeout.read = .seconds(30)
        configuration.httpVersion = .http1Only
        configuration.redirectConfiguration = .disallow
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Closes its connections; nothing can be asked of it afterwards.
    public func close() async throws { try await client.shutdown() }

    public func read(_ object: ObjectName, limit: Int, take: @Sendable (ByteBuffer) async throws -> Void) async throws {
        try await sending("reading object '\(object)'") {
            let response = try await client.execute(try request(.GET, object, payload: Self.emptyPayload), timeout: Self.transferTime)
            if response.status == .notFound { throw ServiceError.objectNotFound(object) }
            guard response.status == .ok else { throw try await failure(response, object) }
            var total = 0
            for try await block in response.body {
                total += block.readableBytes
                guard total <= limit else { throw ServiceError.objectTooLarge(object, limit: limit) }
                try await take(block)
            }
        }
    }

    public func write(_ object: ObjectName, from file: CInt, length: Int, digest: Digest) async throws {
        try await sending("writing object '\(object)'") {
            var request = try request(.PUT, object, payload: digest.hex)
            request.body = .stream(FileBlocks(file: file, length: length), length: .known(Int64(length)))
            let response = try await client.execute(request, timeout: Self.transferTime)
            guard (200..<300).contains(response.status.code) else { throw try await failure(response, object) }
        }
    }

    public func remove(_ object: ObjectName) async throws {
        try await sending("removing object '\(object)'") {
            let response = try await client.execute(try request(.DELETE, object, payload: Self.emptyPayload), timeout: .seconds(30))
            guard (200..<300).contains(response.status.code) || response.status == .notFound else {
                throw try await failure(response, object)
            }
        }
    }

    private func request(_ method: HTTPMethod, _ object: ObjectName, payload: String) throws -> HTTPClientRequest {
        try object.check()
        let path = "/" + SignatureV4.encode(object.description)
        let time = now().rfc3339.filter { $0 != "-" && $0 != ":" }
        let headers = ["host": host, "x-amz-content-sha256": payload, "x-amz-date": time]
        var request = HTTPClientRequest(url: endpoint + path)
        request.method = method
        request.headers = HTTPHeaders(headers.map { ($0.key, $0.value) })
        request.headers.add(
            name: "authorization",
            value: signature.authorization(method: method.rawValue, path: path, headers: headers, payload: payload, time: time))
        return request
    }

    private func failure(_ response: HTTPClientResponse, _ object: ObjectName) async throws -> ServiceError {
        let text = String(buffer: try await response.body.collect(upTo: 64 << 10))
        // `<Error><Code>AccessDenied</Code>…`; the rest may name what is not the caller's to know.
        let code = text.components(between: "<Code>", and: "</Code>") ?? ""
        return .objectStoreFailed("object '\(object)'", "\(endpoint) answered \(response.status.code) \(code)")
    }

    private func sending<Result>(_ doing: String, _ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let error as ServiceError { throw error } catch let error as CancellationError {
            throw error
        } catch {
            throw ServiceError.objectStoreFailed(doing, "\(endpoint) cannot be used: \(error)")
        }
    }
}

/// A file in blocks, read only as fast as the connection takes them.
private struct FileBlocks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let file: CInt
    let length: Int

    struct AsyncIterator: AsyncIteratorProtocol {
        let file: CInt
        let length: Int
        var done = 0

        mutating func next() async throws -> ByteBuffer? {
            guard done < length else { return nil }
            let (file, offset, wanted) = (file, done, Swift.min(256 << 10, length - done))
            let block = try await NIOThreadPool.singleton.runIfActive {
                var buffer = ByteBufferAllocator().buffer(capacity: wanted)
                let count = buffer.withUnsafeMutableWritableBytes { pread(file, $0.baseAddress, wanted, off_t(offset)) }
                guard count > 0 else { throw ServiceError.objectStoreFailed("reading the file", "it ends too early") }
                buffer.moveWriterIndex(forwardBy: count)
                return buffer
            }
            done += block.readableBytes
            return block
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(file: file, length: length) }
}

extension String {
    fileprivate func components(between begin: String, and end: String) -> String? {
        guard let start = firstRange(of: begin), let stop = self[start.upperBound...].firstRange(of: end) else { return nil }
        return String(self[start.upperBound..<stop.lowerBound].prefix(64))
    }
}
