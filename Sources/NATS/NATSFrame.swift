// SPDX-License-Identifier: Apache-2.0
internal import NIOCore

/// What a server sends. Source: NATS client protocol.
enum NATSFrame: Sendable {
    case info(String)
    case message(subscription: Int, NATSMessage)
    case ping
    case pong
    case ok
    case error(String)
}

/// The server sent what the protocol does not have.
struct NATSProtocolError: Error, CustomStringConvertible {
    var description: String
}

/// Cuts the stream of bytes into frames.
struct NATSFrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = NATSFrame

    private struct Announced {
        var subscription: Int
        var subject: String
        var reply: String?
        var headerBytes: Int
        var bytes: Int
    }

    /// A line of the server's (`INFO` of a large cluster is the longest).
    private static let longestLine = 1 << 20

    private var announced: Announced?

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        if let announced {
            guard buffer.readableBytes >= announced.bytes + 2 else { return .needMoreData }
            self.announced = nil
            context.fireChannelRead(wrapInboundOut(try message(announced, &buffer)))
            return .continue
        }
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else {
            guard buffer.readableBytes < Self.longestLine else { throw NATSProtocolError(description: "a line of more than 1 MiB") }
            return .needMoreData
        }
        let line = buffer.readString(length: end - buffer.readerIndex + 1) ?? ""
        if let frame = try frame(line.trimmed) { context.fireChannelRead(wrapInboundOut(frame)) }
        return .continue
    }

    mutating func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
        try decode(context: context, buffer: &buffer)
    }

    private mutating func frame(_ line: Substring) throws -> NATSFrame? {
        let words = line.split(separator: " ")
        switch words.first?.uppercased() {
        case "INFO": return .info(String(line.dropFirst(5)))
        case "PING": return .ping
        case "PONG": return .pong
        case "+OK": return .ok
        case "-ERR": return .error(String(line.dropFirst(5)))
        case "MSG" where words.count >= 4: try announce(words, counts: 1)
        case "HMSG" where words.count >= 5: try announce(words, counts: 2)
        default: throw NATSProtocolError(description: "an unknown line: '\(line.prefix(80))'")
        }
        return nil
    }

    private mutating func announce(_ words: [Substring], counts: Int) throws {
        let numbers = words.suffix(counts).compactMap { Int($0) }
        guard let subscription = Int(words[2]), numbers.count == counts, let bytes = numbers.last, bytes >= 0,
            counts == 1 || (0...bytes).contains(numbers[0])
        else { throw NATSProtocolError(description: "a message with wrong counts: '\(words.joined(separator: " ").prefix(80))'") }
        announced = Announced(
            subscription: subscription, subject: String(words[1]), reply: words.count == 4 + counts ? String(words[3]) : nil,
            headerBytes: counts == 2 ? numbers[0] : 0, bytes: bytes)
    }

    private func message(_ announced: Announced, _ buffer: inout ByteBuffer) throws -> NATSFrame {
        let block = buffer.readBytes(length: announced.headerBytes) ?? []
        let body = buffer.readBytes(length: announced.bytes - announced.headerBytes) ?? []
        buffer.moveReaderIndex(forwardBy: 2)
        var message = NATSMessage(subject: announced.subject, reply: announced.reply, body: body)
        if !block.isEmpty {
            guard let headers = NATSHeaders(block: block) else { throw NATSProtocolError(description: "header fields that cannot be read") }
            message.headers = headers
        }
        return .message(subscription: announced.subscription, message)
    }
}

extension String {
    fileprivate var trimmed: Substring {
        var text = self[...]
        while let last = text.unicodeScalars.last, last == "\n" || last == "\r" || last == " " { text.unicodeScalars.removeLast() }
        return text
    }
}
