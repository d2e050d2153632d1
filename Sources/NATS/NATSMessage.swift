// SPDX-License-Identifier: Apache-2.0

/// A message of the NATS client protocol, in either direction.
public struct NATSMessage: Sendable {
    public var subject: String
    /// Where an answer is awaited.
    public var reply: String?
    public var headers: NATSHeaders
    public var body: [UInt8]

    public init(subject: String, reply: String? = nil, headers: NATSHeaders = NATSHeaders(), body: [UInt8] = []) {
        self.subject = subject
        self.reply = reply
        self.headers = headers
        self.body = body
    }
}

/// Header fields of a message, in their order. Source: NATS client protocol, `HPUB` and `HMSG`.
public struct NATSHeaders: Sendable {
    /// What the server says in place of a message: 404 no message, 408 request ran out, 409 consumer gone, 503 nobody there; nil for a message.
    public var status: Int?
    public var fields: [(name: String, value: String)]

    public init(_ fields: [(name: String, value: String)] = []) { self.fields = fields }

    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    private static let version = "NATS/1.0"

    /// The block as it is sent; empty where there is no field.
    var block: [UInt8] {
        guard !fields.isEmpty else { return [] }
        return Array((Self.version + "\r\n" + fields.map { "\($0.name): \($0.value)\r\n" }.joined() + "\r\n").utf8)
    }

    /// - Returns: nil for what is no header block.
    init?(block: some Sequence<UInt8>) {
        let lines = String(decoding: Array(block), as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first, first.hasPrefix(Self.version) else { return nil }
        self.init()
        status = Int(first.dropFirst(Self.version.count).drop { $0 == " " }.prefix { $0 != " " })
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            fields.append((String(line[..<colon]), String(line[line.index(after: colon)...].drop { $0 == " " })))
        }
    }
}
