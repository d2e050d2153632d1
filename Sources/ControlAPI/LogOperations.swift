// SPDX-License-Identifier: Apache-2.0
import Catalog
import FunctionLog
import FunctionModel
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

extension ControlResponder {
    /// The lines are read from the files only as fast as the client takes them. Following ends when the client goes, or the host stops.
    func functionLogs(_ name: String, _ request: Request, _ query: QueryItems) async throws -> Response {
        _ = try await catalog.get(name)
        let follow = try query.bool("follow") ?? false
        let lines = logs.lines(name, tail: try query.integer("tail", 0...1_000_000), follow: follow)
        let requestBody = request.body
        let body = ResponseBody { writer in
            if follow {
                do {
                    try await requestBody.consumeWithCancellationOnInboundClose { _ in
                        for try await line in lines.cancelOnGracefulShutdown() { try await writer.write(Self.buffer(line)) }
                    }
                } catch is CancellationError {
                    // Cut between two lines: for who follows this is the ordinary end.
                }
            } else {
                for try await line in lines { try await writer.write(Self.buffer(line)) }
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "application/x-ndjson"], body: body)
    }

    private static func buffer(_ line: LogLine) -> ByteBuffer {
        var bytes: [UInt8] = []
        line.write(to: &bytes)
        return ByteBuffer(bytes: bytes)
    }
}
