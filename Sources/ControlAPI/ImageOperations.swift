// SPDX-License-Identifier: Apache-2.0
import Catalog
import FunctionModel
import HTTPTypes
import Hummingbird
import Images
import Logging
import NIOCore

extension ControlResponder {
    func loadImage(_ request: Request, _ query: QueryItems, _ id: RequestID) async throws -> Response {
        let name = query.string("name")
        let keepBlobs = try query.bool("keepBlobs") ?? false
        let archive = WholeBody(body: request.body, length: request.headers[.contentLength].flatMap { UInt64($0) })
        let upload = ImageUpload(
            load: { [images, catalog] progress in
                let loaded = try await images.load(chunks: archive, name: name, keepBlobs: keepBlobs, progress: progress)
                try await catalog.imagesChanged()
                return ["event": "loaded", "images": .array(loaded.map(\.json))]
            }, logger: logger)
        return try await upload.response(id)
    }
}

/// A request's body that ends with an error, not in silence, where fewer bytes come than were announced.
struct WholeBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: RequestBody
    /// Nil for a chunked body: the HTTP parser knows its end.
    let length: UInt64?

    struct AsyncIterator: AsyncIteratorProtocol {
        var body: RequestBody.AsyncIterator
        let length: UInt64?
        var received: UInt64 = 0

        mutating func next() async throws -> ByteBuffer? {
            if let buffer = try await body.next() {
                received += UInt64(buffer.readableBytes)
                return buffer
            }
            if let length, received != length {
                throw ServiceError.invalidArgument("the body ended after \(received) of \(length) bytes")
            }
            return nil
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: body.makeAsyncIterator(), length: length) }
}
