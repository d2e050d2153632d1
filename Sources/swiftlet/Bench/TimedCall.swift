// SPDX-License-Identifier: Apache-2.0
import Glibc

/// One HTTP request over a connection of its own, timed. Blocks; the same code measures the host and the bare program.
enum TimedCall {
    struct Answer {
        var milliseconds: Double
        var status: Int
        /// Names in lower case.
        var headers: [String: String]
        var body: [UInt8]
    }

    /// The monotonic clock, in nanoseconds.
    static func clock() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    static func request(path: String, host: String, body: [UInt8]) -> [UInt8] {
        let head =
            "POST \(path) HTTP/1.1\r\nHost: \(host)\r\nContent-Type: application/octet-stream\r\nContent-Length: \(body.count)\r\n"
            + "Connection: close\r\n\r\n"
        return Array(head.utf8) + body
    }

    /// Connects, sends, and reads to the end.
    ///
    /// - Parameters:
    ///   - start: when the time began to count.
    ///   - retryUntil: a refused connection is tried again until then; nil for never. On ``clock()``.
    static func send(_ request: [UInt8], to address: sockaddr_in, since start: UInt64, retryUntil: UInt64? = nil) throws -> Answer {
        let descriptor = try connect(to: address, since: start, retryUntil: retryUntil)
        defer { close(descriptor) }
        var rest = request[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            guard count > 0 else { throw failure("send the request") }
            rest = rest.dropFirst(count)
        }
        var answer: [UInt8] = []
        var first: UInt64?
        var block = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = recv(descriptor, &block, block.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read the answer") }
            if first == nil { first = clock() }
            if count == 0 { break }
            answer += block[..<count]
        }
        return try parse(answer, milliseconds: Double((first ?? clock()) - start) / 1e6)
    }

    private static func connect(to address: sockaddr_in, since start: UInt64, retryUntil: UInt64?) throws -> CInt {
        while true {
            let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { throw failure("make a socket") }
            var one: CInt = 1
            setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
            var bound = timeval(tv_sec: 150, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &bound, socklen_t(MemoryLayout<timeval>.size))
            var address = address
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if result == 0 { return descriptor }
            let error = errno
            close(descriptor)
            guard error == ECONNREFUSED, let retryUntil, clock() < retryUntil else {
                errno = error
                throw failure("connect")
            }
            // Often enough to lose less than half a percent, seldom enough to leave the machine to a program that starts slowly.
            usleep(UInt32(clamping: max(20, (clock() - start) / 200_000)))
        }
    }

    private static func parse(_ bytes: [UInt8], milliseconds: Double) throws -> Answer {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { throw CommandFailure("the answer has no head") }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return Answer(milliseconds: milliseconds, status: status, headers: headers, body: Array(text[end.upperBound...].utf8))
    }

    private static func failure(_ what: String) -> CommandFailure { CommandFailure("cannot \(what): \(String(cString: strerror(errno)))") }
}
