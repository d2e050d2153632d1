// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOPosix

/// A client on a bare blocking socket: it sends exactly the bytes that a test says.
final class RawClient: Sendable {
    struct Answer: Sendable {
        var status: Int
        var head: String
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }

        func header(_ name: String) -> String? {
            for line in head.split(separator: "\r\n").dropFirst() {
                guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name.lowercased() else { continue }
                return String(line[line.index(after: colon)...].drop { $0 == " " })
            }
            return nil
        }
    }

    struct Broken: Error, CustomStringConvertible {
        var description: String
    }

    let descriptor: CInt

    init(port: Int, receiveBuffer: CInt? = nil) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if var size = receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size)) }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard result == 0 else { throw Broken(description: "connect: errno \(errno)") }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Broken(description: "send: errno \(errno) after \(sent)") }
            sent += count
        }
    }

    /// - Returns: nothing at the end of the stream.
    func receive(_ most: Int = 65536) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: most)
        let count = recv(descriptor, &buffer, most, 0)
        guard count >= 0 else { throw Broken(description: "recv: errno \(errno)") }
        return Array(buffer[..<count])
    }

    /// Reads one answer, by whichever way it says where it ends.
    func answer(head isHead: Bool = false) throws -> Answer {
        var bytes: [UInt8] = []
        while true {
            while !ended(bytes) {
                let more = try receive()
                guard !more.isEmpty else { throw Broken(description: "closed after '\(String(decoding: bytes, as: UTF8.self))'") }
                bytes += more
            }
            let split = headEnd(bytes)
            let head = String(decoding: bytes[..<split], as: UTF8.self)
            guard let status = Int(head.dropFirst(9).prefix(3)) else { throw Broken(description: "no status in '\(head)'") }
            var rest = Array(bytes[(split + 4)...])
            if status == 100 {
                bytes = rest
                continue
            }
            var answer = Answer(status: status, head: head, body: [])
            if isHead || status == 204 || status == 304 { return answer }
            if let length = answer.header("content-length").flatMap({ Int($0) }) {
                while rest.count < length { rest += try some() }
                answer.body = Array(rest[..<length])
            } else if answer.header("transfer-encoding") == "chunked" {
                while !String(decoding: rest.suffix(5), as: UTF8.self).hasSuffix("0\r\n\r\n") { rest += try some() }
                answer.body = try unchunked(rest)
            } else {
                while true {
                    let more = try receive()
                    if more.isEmpty { break }
                    rest += more
                }
                answer.body = rest
            }
            return answer
        }
    }

    private func some() throws -> [UInt8] {
        let more = try receive()
        guard !more.isEmpty else { throw Broken(description: "closed in the body") }
        return more
    }

    private func headEnd(_ bytes: [UInt8]) -> Int {
        guard bytes.count >= 4 else { return -1 }
        return (0...(bytes.count - 4)).first { bytes[$0] == 13 && bytes[$0 + 1] == 10 && bytes[$0 + 2] == 13 && bytes[$0 + 3] == 10 } ?? -1
    }

    private func ended(_ bytes: [UInt8]) -> Bool { headEnd(bytes) >= 0 }

    private func unchunked(_ bytes: [UInt8]) throws -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 13) {
            guard let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16) else { throw Broken(description: "bad chunk") }
            if size == 0 { return result }
            result += rest[(end + 2)..<(end + 2 + size)]
            rest = rest[(end + 2 + size + 2)...]
        }
        throw Broken(description: "chunks without an end")
    }
}

/// Runs what blocks on a thread of its own kind.
/// What the kernel knows of the connection.
extension RawClient {
    /// Its port, as /proc/net/tcp writes it.
    private var port: String {
        var (address, length) = (sockaddr_in(), socklen_t(MemoryLayout<sockaddr_in>.size))
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        let text = String(UInt16(bigEndian: address.sin_port), radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - text.count) + text
    }

    /// The fields of the line that /proc/net/tcp has for the gateway's end; nil once it has gone.
    private var gatewayLine: [Substring]? {
        guard let file = fopen("/proc/net/tcp", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 512)
        while fgets(&line, CInt(line.count), file) != nil {
            let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
            if fields.count > 4, fields[2].hasSuffix(":" + port) { return fields }
        }
        return nil
    }

    /// Bytes of answers that lie in the kernel: at the gateway's end, and here.
    var queued: Int {
        var here: CInt = 0
        _ = ioctl(descriptor, UInt(FIONREAD), &here)
        return Int(here) + (gatewayLine.flatMap { Int($0[4].prefix { $0 != ":" }, radix: 16) } ?? 0)
    }

    /// `01` while the gateway's end is open; nil once it has gone.
    var gatewayState: Substring? { gatewayLine?[3] }
}

func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await blockingThreads.runIfActive(body)
}

private let blockingThreads: NIOThreadPool = {
    let pool = NIOThreadPool(numberOfThreads: 256)
    pool.start()
    return pool
}()
