// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Gateway
import Glibc
import NIOCore
import Synchronization
import Testing

/// Streams of almost right requests go through nginx and through the gateway, each to a server that notes what it understood.
///
/// The gateway may refuse what nginx lets through, with a reason that stands in ``reasons``. It must never let a function understand other requests
/// than nginx's backend did, but for what stands in ``looser``.
@Suite struct DifferenceTests {
    private static let lanes = 16
    private static let streamsOfALane = 125

    /// Why the gateway refuses where nginx does not; the parts of the messages that are always the same.
    private static let reasons = [
        "a line that does not end with CR LF", "a header line begins with a space", "a header without a name",
        "a character that a header's name may not have, or a space before its colon", "has a control character in it",
        "more than one Content-Length header", "Content-Length is not a number", "Transfer-Encoding must be given once and be 'chunked'",
        "both Transfer-Encoding and Content-Length", "Transfer-Encoding in HTTP/1.0", "more than one Host header", "no Host header",
        "the Host header has a character in it that no host has", "Expect allows '100-continue' only",
        "only HTTP/1.0 and HTTP/1.1 are spoken here",
        "the request line does not begin with a method and a space", "the first byte is none of a method",
        "the request target is empty, or a space or control character is in it", "the request target is not UTF-8",
        "the request target must be a path", "a chunk's size is no hexadecimal number", "a chunk's size has more than 15 digits",
        "a chunk's size line has a control character in it", "a chunk is longer than its size says",
        // Not a refusal of the form: another host or path is another function's, or nobody's.
        "is not served on this address", "\"Code\":\"FunctionNotFound\"", "\"Code\":\"AliasNotFound\"", "\"Code\":\"VersionNotFound\"",
        // The body stopped coming: nginx gave up at the same place.
        "limit: body", "limit: head",
    ]

    /// What nginx refuses and the gateway lets through, and why that is no danger. Each is looked for in the stream.
    private static let looser: [(part: String, why: String)] = [
        ("Expect: ", "an expectation that nginx answers 417"),
        ("\t", "a tab beside a value is white space (RFC 9110 §5.6.3), and what frames the request is written anew"),
        ("%00", "the path is not decoded here, and goes on as it came"),
    ]

    private final class Findings: Sendable {
        let unexplained = Mutex<[String]>([])
        /// How often each explanation was given; `same` where none was needed.
        let counts = Mutex<[String: Int]>([:])
    }

    private struct Outcome: Sendable {
        var seen: [String]
        var answer: String
    }

    @Test func `every difference from nginx is a refusal that is named, or stands in the table`() async throws {
        let record: @Sendable (Backend.Request) -> [Backend.Step] = { _ in Backend.answer("ok") }
        let behindNginx = try await backends(record)
        let behindGateway = try await backends(record)
        let nginx = try await blocking { try NginxServer(backends: behindNginx.map(\.port)) }
        defer { nginx.stop() }
        var options = GatewayOptions()
        (options.headTime, options.bodyIdleTime) = (.milliseconds(300), .milliseconds(300))
        let functions = behindGateway.enumerated().map { lane, backend in
            function(Self.name(lane), on: backend) { $0.instanceConcurrency = 50 }
        }
        try await TestHost.with(functions, options: options) { (host: TestHost) async throws in
            let findings = Findings()
            try await withThrowingTaskGroup { group in
                for lane in 0..<Self.lanes {
                    let near = (nginx.ports[lane], behindNginx[lane])
                    let far = (host.port, behindGateway[lane])
                    group.addTask { @Sendable in
                        var mutator = RequestMutator(seed: UInt64(lane), host: Self.name(lane) + ".localhost")
                        for _ in 0..<Self.streamsOfALane {
                            let stream = mutator.next()
                            var (theirs, ours, words) = try await Self.compare(stream, near, far)
                            // The limits of both sides are short, and a machine that is busy may not keep them: a difference is one that stays.
                            for again in 1...4 where words == nil {
                                try await Task.sleep(for: .milliseconds(300 * again))
                                (theirs, ours, words) = try await Self.compare(stream, near, far, patience: 5000)
                            }
                            findings.counts.withLock { $0[words ?? "unexplained", default: 0] += 1 }
                            if words == nil {
                                findings.unexplained.withLock {
                                    $0.append(
                                        "\(String(decoding: stream, as: UTF8.self).debugDescription)\n  nginx: \(theirs.seen)\n  gateway: \(ours.seen) \(ours.answer.suffix(300))"
                                    )
                                }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let found = findings.unexplained.withLock { $0 }
            #expect(found.isEmpty, "\(found.prefix(12).joined(separator: "\n"))")
            // A run in which nothing got through, or nothing was refused, compares nothing.
            let (same, refused) = findings.counts.withLock {
                ($0["same", default: 0], $0.filter { Self.reasons.contains($0.key) }.values.reduce(0, +))
            }
            #expect(same > 300 && refused > 300, "\(findings.counts.withLock { $0 })")
        }
        for backend in behindNginx + behindGateway { try await backend.stop() }
    }

    /// Names of which a few changed bytes do not make another one's.
    private static func name(_ lane: Int) -> String { "f" + String(repeating: Character(Unicode.Scalar(UInt8(97 + lane))), count: 4) }

    private func backends(_ script: @escaping @Sendable (Backend.Request) -> [Backend.Step]) async throws -> [Backend] {
        var backends: [Backend] = []
        for _ in 0..<Self.lanes { backends.append(try await Backend.start(script)) }
        return backends
    }

    private static func compare(
        _ stream: [UInt8], _ near: (Int, Backend), _ far: (Int, Backend), patience: Int = 700
    ) async throws -> (theirs: Outcome, ours: Outcome, words: String?) {
        let theirs = try await outcome(stream, near.0, near.1, patience)
        let ours = try await outcome(stream, far.0, far.1, patience)
        // However the bytes are cut on their way, they mean the same.
        let inPieces = try await outcome(stream, far.0, far.1, patience, piece: 1 + stream.count % 7)
        return (theirs, ours, inPieces.seen == ours.seen ? explain(stream, theirs, ours) : nil)
    }

    /// - Parameter patience: milliseconds without a byte after which the answer is taken for whole.
    private static func outcome(
        _ stream: [UInt8], _ port: Int, _ backend: Backend, _ patience: Int, piece: Int = .max
    ) async throws -> Outcome {
        backend.seen.withLock { $0 = [] }
        let answer = try await blocking {
            let client = try RawClient(port: port)
            var limit = timeval(tv_sec: patience / 1000, tv_usec: patience % 1000 * 1000)
            setsockopt(client.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            var all: [UInt8] = []
            do {
                var one: CInt = 1
                setsockopt(client.descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
                var rest = stream[...]
                while !rest.isEmpty {
                    try client.send(Array(rest.prefix(piece)))
                    rest = rest.dropFirst(piece)
                }
                while case let more = try client.receive(), !more.isEmpty { all += more }
            } catch is RawClient.Broken {
                // Reset, or silent: what came until then counts.
            }
            return String(decoding: all, as: UTF8.self)
        }
        return Outcome(seen: backend.requests.map { "\($0.method) \($0.target) \($0.body.debugDescription)" }, answer: answer)
    }

    /// - Returns: nil where there is no explanation.
    private static func explain(_ stream: [UInt8], _ theirs: Outcome, _ ours: Outcome) -> String? {
        if theirs.seen == ours.seen { return "same" }
        if theirs.seen.starts(with: ours.seen) || ours.seen.allSatisfy(theirs.seen.contains) {
            if let reason = reasons.first(where: { ours.answer.contains($0) }) { return reason }
        }
        let text = String(decoding: stream, as: UTF8.self)
        if ours.seen.starts(with: theirs.seen) { return looser.first { text.contains($0.part) }?.why }
        return nil
    }
}
