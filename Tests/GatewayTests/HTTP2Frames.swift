// SPDX-License-Identifier: Apache-2.0

/// A client that writes and reads the frames of HTTP/2 itself. RFC 9113 §4.1.
struct HTTP2Frames: Sendable {
    enum Kind: UInt8 {
        case data = 0
        case headers = 1
        case resetStream = 3
        case settings = 4
        case goAway = 7
    }

    struct Frame: Sendable {
        var kind: Kind?
        var stream: UInt32
        var payload: [UInt8]
        /// That of a GOAWAY.
        var lastStream: UInt32 { payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }
    }

    let client: RawClient

    init(_ client: RawClient) { self.client = client }

    func begin() throws {
        try client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        try send(.settings, flags: 0, stream: 0, [])
    }

    func send(_ kind: Kind, flags: UInt8, stream: UInt32, _ payload: [UInt8]) throws {
        func bytes(_ number: UInt32, _ count: Int) -> [UInt8] {
            (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
        try client.send(bytes(UInt32(payload.count), 3) + [kind.rawValue, flags] + bytes(stream, 4) + payload)
    }

    /// A GET, with its fields as RFC 7541 has them: two of the static table, two that are written out.
    func request(stream: UInt32, path: String, authority: String) throws {
        let fields: [UInt8] =
            [0x82, 0x86, 0x04, UInt8(path.utf8.count)] + path.utf8 + [0x01, UInt8(authority.utf8.count)] + authority.utf8
        try send(.headers, flags: 0x4 | 0x1, stream: stream, fields)
    }

    /// The next frame of this kind, past all others.
    func next(_ kind: Kind, stream: UInt32 = 0) throws -> Frame {
        while true {
            let frame = try next()
            if frame.kind == kind, frame.stream == stream, kind != .data || !frame.payload.isEmpty { return frame }
        }
    }

    private func next() throws -> Frame {
        let head = try bytes(9)
        let length = head[..<3].reduce(0) { $0 << 8 | Int($1) }
        return Frame(
            kind: Kind(rawValue: head[3]), stream: head[5...].reduce(0) { $0 << 8 | UInt32($1) } & 0x7fff_ffff, payload: try bytes(length))
    }

    private func bytes(_ count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let more = try client.receive(count - all.count)
            guard !more.isEmpty else { throw RawClient.Broken(description: "closed within a frame") }
            all += more
        }
        return all
    }
}
