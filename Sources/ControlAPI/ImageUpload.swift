// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import HTTPTypes
import Hummingbird
import Images
import Logging
import NIOCore

/// An image that is being loaded from a request's body, told line by line in the answer while the body still comes.
struct ImageUpload: Sendable {
    enum Event: Sendable {
        case line(JSONValue)
        case failed(ServiceError)
    }

    let events: AsyncStream<Event>
    let loading: Task<Void, Never>

    /// - Parameter load: loads; what it returns is the last line.
    init(load: @escaping @Sendable (_ progress: @escaping @Sendable (LoadEvent) async -> Void) async throws -> JSONValue, logger: Logger) {
        let (events, source) = AsyncStream.makeStream(of: Event.self)
        self.events = events
        loading = Task {
            do {
                // The library tells of each MiB and each layer: few enough lines to wait in memory for a slow reader.
                let last = try await load { event in source.yield(.line(event.json)) }
                source.yield(.line(last))
            } catch let error as ServiceError {
                source.yield(.failed(error))
            } catch {
                logger.error("an image could not be loaded", metadata: ["error": "\(error)"])
                let message =
                    error is CancellationError || error is ChannelError
                    ? "the upload was cut off" : "an internal error has occurred: \(error)"
                source.yield(.failed(ServiceError(status: 500, code: "InternalServerError", message: message)))
            }
            source.finish()
        }
    }

    /// The answer: an ordinary error where loading fails before there is anything to tell, else a stream of lines.
    ///
    /// - Parameter read: the body of the request where it has been read: then a client that goes is noticed also while there is nothing to tell.
    func response(_ request: RequestID, read: RequestBody? = nil) async throws -> Response {
        // The iterators of one AsyncStream take from one queue: the body goes on behind this first event.
        var first = events.makeAsyncIterator()
        let event = await withTaskCancellationHandler {
            await first.next()
        } onCancel: {
            loading.cancel()
        }
        guard case .line(let line)? = event else {
            if case .failed(let error)? = event { throw error }
            throw CancellationError()
        }
        let body = ResponseBody { writer in
            do {
                try await writer.write(Self.buffer(line))
                if let read {
                    try await read.consumeWithInboundCloseHandler { _ in
                        for await event in events { try await writer.write(Self.buffer(Self.line(event, request))) }
                    } onInboundClosed: {
                        loading.cancel()
                    }
                } else {
                    for await event in events { try await writer.write(Self.buffer(Self.line(event, request))) }
                }
                try Task.checkCancellation()
                try await writer.finish(nil)
            } catch {
                // The client is gone or the host stops, and nobody waits for the image any more.
                loading.cancel()
                throw error
            }
        }
        return Response(status: .ok, headers: [.contentType: "application/x-ndjson"], body: body)
    }

    private static func line(_ event: Event, _ request: RequestID) -> JSONValue {
        switch event {
        case .line(let line): line
        case .failed(let error):
            ["event": "error", "Code": .string(error.code), "Message": .string(error.message), "RequestId": .string(request.text)]
        }
    }

    private static func buffer(_ line: JSONValue) -> ByteBuffer {
        var bytes: [UInt8] = []
        line.append(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        return ByteBuffer(bytes: bytes)
    }
}
