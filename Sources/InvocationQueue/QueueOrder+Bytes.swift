// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// Orders as they lie in the log: four bytes with the length of a JSON text, the text, and behind it the bytes of payloads and answers in the order in
/// which the text speaks of them.
enum OrderBytes {
    static func make(_ orders: [QueueOrder]) -> [UInt8] {
        var writer = OrderWriter()
        let text = Array(JSONValue.array(orders.map { writer.json($0) }).text.utf8)
        return withUnsafeBytes(of: UInt32(text.count).bigEndian) { Array($0) } + text + writer.bytes
    }

    /// - Throws: ``QueueError`` for what ``make(_:)`` never makes.
    static func read(_ bytes: [UInt8]) throws -> [QueueOrder] {
        guard bytes.count >= 4 else { throw QueueError(description: "a message of \(bytes.count) bytes in the queue's log") }
        let length = bytes[0..<4].reduce(0) { $0 << 8 | Int($1) }
        guard bytes.count >= 4 + length else { throw QueueError(description: "a message in the queue's log that was cut off") }
        let json: JSONValue
        do { json = try JSONValue(parsing: Array(bytes[4..<4 + length])) } catch {
            throw QueueError(description: "the queue's log: \(error)")
        }
        var reader = OrderReader(rest: bytes[(4 + length)...])
        return try (json.array ?? []).map { try reader.order($0) }
    }

    /// The most that an order adds to a message.
    static func size(_ order: QueueOrder) -> Int {
        func size(_ new: NewInvocation) -> Int { new.payload.count + 512 + (new.head.json?.text.utf8.count ?? 0) }
        switch order {
        case .enqueue(let new): return size(new)
        case .settle(_, let settlement):
            var bytes = 1024 + settlement.attempt.error.utf8.count * 2 + settlement.follow.map(size).reduce(0, +)
            if case .ended(_, let ending) = settlement.outcome { bytes += ending.response.count }
            return bytes
        case .stop(_, _, _, let follow): return 512 + follow.map(size).reduce(0, +)
        case .claim(let wants, _, _): return 128 + wants.count * 128
        case .renew(let leases, _): return 128 + leases.count * 48
        case .open, .reclaim, .forget, .redrive, .purge: return 1024
        }
    }
}
