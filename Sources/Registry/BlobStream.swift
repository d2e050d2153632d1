// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import FunctionModel
import Logging
public import NIOCore
import NIOHTTP1
import OCI

/// The bytes of one blob, in order and each once. See ``RegistrySession/blob(_:)``.
///
/// A connection that breaks is replaced by one that begins where it broke. Source: distribution specification 1.1, "Pulling blobs", and RFC 9110, 14.
public struct BlobStream: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer

    let descriptor: Descriptor
    let session: RegistrySession

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(descriptor: descriptor, session: session) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let descriptor: Descriptor
        let session: RegistrySession
        private var body: HTTPClientResponse.Body.AsyncIterator?
        private var server: RegistryServer?
        private var received: UInt64 = 0
        /// Bytes at the front of the answer that have come before, from a server that knows no ranges.
        private var known: UInt64 = 0
        private var hash = BlobHash()
        private var hasEnded = false
        /// Broken connections since the last new byte came.
        private var failures = 0

        init(descriptor: Descriptor, session: RegistrySession) {
            self.descriptor = descriptor
            self.session = session
        }

        private var subject: String { "blob \(descriptor.digest)" }

        /// - Throws: ``RegistryError``, `CancellationError`.
        public mutating func next() async throws -> ByteBuffer? {
            if hasEnded { return nil }
            while true {
                try Task.checkCancellation()
                if body == nil { try await open() }
                do {
                    if var buffer = try await body?.next() {
                        // What was known already is no progress: a server without ranges that has less than it promised would be asked for ever.
                        guard let fresh = try take(&buffer) else { continue }
                        failures = 0
                        return fresh
                    }
                    if received == UInt64(Swift.max(0, descriptor.size)) { return try end() }
                    try await reopen(after: "it ended after \(received) of \(descriptor.size) bytes")
                } catch let error where !(error is RegistryError) && !(error is CancellationError) {
                    if Task.isCancelled { throw CancellationError() }
                    try await reopen(after: RegistryTransport.words(error))
                }
            }
        }

        private mutating func take(_ buffer: inout ByteBuffer) throws -> ByteBuffer? {
            if known > 0 {
                let skipped = Int(Swift.min(known, UInt64(buffer.readableBytes)))
                buffer.moveReaderIndex(forwardBy: skipped)
                known -= UInt64(skipped)
            }
            if buffer.readableBytes == 0 { return nil }
            received += UInt64(buffer.readableBytes)
            guard descriptor.size >= 0, received <= UInt64(descriptor.size) else {
                throw failure(.invalid, "it has more than the \(descriptor.size) bytes that its descriptor promises")
            }
            hash.update(buffer)
            if received == UInt64(descriptor.size) { _ = try end() }
            return buffer
        }

        private mutating func end() throws -> ByteBuffer? {
            hasEnded = true
            let found = hash.finish()
            guard found == descriptor.digest else { throw failure(.invalid, "it has in truth the digest \(found)") }
            return nil
        }

        private mutating func reopen(after event: String) async throws {
            failures += 1
            body = nil
            let client = session.client
            guard let delay = RetryPolicy.delay(attempt: failures, retryAfter: nil, now: client.now(), random: client.random()) else {
                throw failure(.unreachable, "\(event), \(failures) times in a row")
            }
            client.logger.debug("a blob broke off", metadata: ["blob": "\(descriptor.digest)", "at": "\(received)", "error": "\(event)"])
            try await client.sleep(.milliseconds(delay))
        }

        private mutating func open() async throws {
            let (digest, position, subject) = (descriptor.digest, received, subject)
            let (response, server) = try await session.fromFirst { server in
                let headers = position > 0 ? [("range", "bytes=\(position)-")] : []
                return (try await server.get("blobs/\(digest)", headers: headers, subject: subject, expected: [200, 206]), server)
            }
            self.server = server
            known = 0
            if response.status == .partialContent {
                let range = response.headers.first(name: "content-range") ?? ""
                guard position > 0, range.hasPrefix("bytes \(position)-") else {
                    throw failure(.invalid, "asked to go on at byte \(position), it sent '\(printable(range))'")
                }
            } else {
                known = position
            }
            body = response.body.makeAsyncIterator()
        }

        private func failure(_ reason: RegistryError.Reason, _ event: String) -> RegistryError {
            server?.error(reason, subject, event) ?? session.refusal(subject, event)
        }
    }
}
