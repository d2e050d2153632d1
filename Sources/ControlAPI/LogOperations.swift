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
        let filter = LogFilter(since: try since(query), request: try wantedRequest(query))
        let tail = try query.integer("tail", 0...1_000_000)
        // The last lines of those that are wanted are not found among the last lines of all.
        let skipped = filter.isEmpty || follow ? 0 : try await matching(name, filter) - (tail ?? .max)
        let lines = logs.lines(name, tail: filter.isEmpty ? tail : nil, follow: follow)
        let requestBody = request.body
        let body = ResponseBody { writer in
            if follow {
                do {
                    try await requestBody.consumeWithCancellationOnInboundClose { _ in
                        for try await line in lines.cancelOnGracefulShutdown() where filter.matches(line) {
                            try await writer.write(Self.buffer(line))
                        }
                    }
                } catch is CancellationError {
                    // Cut between two lines: for who follows this is the ordinary end.
                }
            } else {
                var toSkip = skipped
                for try await line in lines where filter.matches(line) {
                    toSkip -= 1
                    if toSkip < 0 { try await writer.write(Self.buffer(line)) }
                }
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "application/x-ndjson"], body: body)
    }

    private func matching(_ name: String, _ filter: LogFilter) async throws -> Int {
        var count = 0
        for try await line in logs.lines(name) where filter.matches(line) { count += 1 }
        return count
    }

    /// Milliseconds since 1970, UTC.
    private func since(_ query: QueryItems) throws(ServiceError) -> LogTime? {
        guard let text = query.string("since") else { return nil }
        guard let milliseconds = Int64(text), (0...32_503_680_000_000).contains(milliseconds) else {
            throw .invalid("since", .string(text), "it must be milliseconds since 1970")
        }
        return LogTime(microseconds: milliseconds * 1000)
    }

    private func wantedRequest(_ query: QueryItems) throws(ServiceError) -> RequestID? {
        guard let text = query.string("request") else { return nil }
        guard let request = RequestID(text) else { throw .invalid("request", .string(text), "it is no request id") }
        return request
    }

    private static func buffer(_ line: LogLine) -> ByteBuffer {
        var bytes: [UInt8] = []
        line.write(to: &bytes)
        return ByteBuffer(bytes: bytes)
    }
}
