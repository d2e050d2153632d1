// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization

/// A client that keeps its connection, sends request after request, each when the last is answered, and knows of each what became of it.
///
/// A request is lost where its connection ends before the answer is whole, or the answer is not 200. One thing is no loss: a connection that lies idle when
/// the host keeps it no longer may end while the next request is on its way to it, as HTTP has it (RFC 9112 §9.5).
struct SteadyClient: Sendable {
    struct Tally: Sendable {
        var answered = 0
        /// Answers that came after the client was told that the host goes.
        var answeredLate = 0
        var connections = 0
        /// Requests that went out when the host was already closing what lies idle.
        var crossed = 0
        var lost: [String] = []

        static func + (one: Tally, other: Tally) -> Tally {
            Tally(
                answered: one.answered + other.answered, answeredLate: one.answeredLate + other.answeredLate,
                connections: one.connections + other.connections, crossed: one.crossed + other.crossed, lost: one.lost + other.lost)
        }
    }

    /// Counts the connections on which an answer came.
    final class Progress: Sendable {
        private let value = Atomic(0)
        var connections: Int { value.load(ordering: .acquiring) }
        fileprivate func answered() { value.add(1, ordering: .acquiringAndReleasing) }
    }

    /// Seconds from the signal; the host keeps an idle connection for 0.5 s when it stops.
    private static let idle = 0.4

    let port: Int
    var method = "POST"
    let path: String
    let body: String
    /// Microseconds from an answer to the next request.
    var pause: useconds_t = 0
    /// Whether another connection follows one whose last answer said that it closes.
    var reconnects: Bool
    /// Whether it tries until somebody listens.
    var awaitsListener = false
    /// Called when a request has been sent, before its answer is awaited.
    var whenSent: @Sendable () -> Void = {}
    let progress = Progress()

    /// - Parameters:
    ///   - told: when the host was last told to go, in seconds of ``clock()``.
    ///   - done: whether to end with the next answer.
    func run(told: @Sendable @escaping () -> Double?, done: @Sendable @escaping () -> Bool) async -> Tally {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var tally = Tally()
                repeat { connection(&tally, told, done) } while reconnects && !done() && tally.lost.isEmpty
                continuation.resume(returning: tally)
            }
        }
    }

    private func connection(_ tally: inout Tally, _ told: () -> Double?, _ done: () -> Bool) {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        let start = Self.clock()
        while !connects(descriptor) {
            guard awaitsListener, errno == ECONNREFUSED, Self.clock() - start < 60 else {
                return tally.lost.append("connect: errno \(errno)")
            }
            usleep(500)
        }
        tally.connections += 1
        var isFirst = true
        while true {
            let sent = Self.clock()
            let ending = exchange(descriptor)
            switch ending {
            case .answer(let head):
                guard head.hasPrefix("HTTP/1.1 200 ") else { return tally.lost.append(head) }
                tally.answered += 1
                if isFirst { progress.answered() }
                isFirst = false
                if told() != nil { tally.answeredLate += 1 }
                if head.lowercased().contains("\r\nconnection: close\r\n") || done() { return }
            case .nothing where told().map { start < $0 && sent - $0 > Self.idle } ?? false:
                tally.crossed += 1
                return
            case .nothing, .broken: return tally.lost.append("\(ending) after \(tally.answered) answers")
            }
            if pause > 0 { usleep(pause) }
        }
    }

    private enum Ending {
        case answer(head: String)
        /// The connection ended without a byte of an answer.
        case nothing
        case broken(String)
    }

    private func exchange(_ descriptor: CInt) -> Ending {
        let request = Array("\(method) \(path) HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
        guard send(descriptor, request, request.count, CInt(MSG_NOSIGNAL)) == request.count else { return .nothing }
        whenSent()
        var (bytes, buffer): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 16384))
        while true {
            let got = recv(descriptor, &buffer, buffer.count, 0)
            guard got > 0 else { return bytes.isEmpty ? .nothing : .broken(String(decoding: bytes, as: UTF8.self)) }
            bytes += buffer[..<got]
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { continue }
            let head = String(text[..<end.upperBound])
            guard let field = head.lowercased().range(of: "\r\ncontent-length: "),
                let length = Int(head[field.upperBound...].prefix(while: \.isNumber))
            else { return .broken(head) }
            if text[end.upperBound...].utf8.count >= length { return .answer(head: head) }
        }
    }

    private func connects(_ descriptor: CInt) -> Bool {
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) } == 0
        }
    }

    /// Seconds.
    static func clock() -> Double { ProcessInfo.processInfo.systemUptime }
}
