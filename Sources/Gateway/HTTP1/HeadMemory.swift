// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import NIOCore

/// A head that may come again.
protocol RepeatableHead: AnyObject {
    var headers: HeaderFields { get }
    /// Whether it has come more than once.
    var isRepeated: Bool { get set }
    /// The same in memory of its own: the one that it was read from is needed for the next message.
    func kept() -> Self
}

/// A head that came on a connection, mostly its last one. Who asks again mostly does so in the same words, and a function answers in the same ones: what
/// these bytes mean is known then, since it depends on nothing but them, and they are compared in place of being read and checked again.
struct HeadMemory<Head: RepeatableHead> {
    /// After so many heads in a row that were others, only one in ``tryAgain`` is kept: where each is another, keeping them is in vain.
    private static var patience: Int { 4 }
    private static var tryAgain: Int { 16 }

    private var last: Head?
    private var others = 0
    /// Many connections carry one message: its head is not kept.
    private var isFirst = true
    private let isUsed: Bool

    /// - Parameter isUsed: false where no second head comes.
    init(isUsed: Bool) { self.isUsed = isUsed }

    /// - Returns: the last head where the bytes begin with it; it is taken out of them.
    mutating func take(from buffer: inout ByteBuffer) -> Head? {
        guard let last else { return nil }
        let length = last.headers.bytes.readableBytes
        guard buffer.readableBytes >= length, Self.begins(buffer, last.headers.bytes, length) else { return nil }
        buffer.moveReaderIndex(forwardBy: length)
        last.isRepeated = true
        others = 0
        return last
    }

    private static func begins(_ buffer: ByteBuffer, _ head: ByteBuffer, _ length: Int) -> Bool {
        buffer.withUnsafeReadableBytes { buffer in
            head.withUnsafeReadableBytes { head in
                // No head is empty, so both have a base.
                guard let came = buffer.baseAddress, let known = head.baseAddress else { return false }
                return memcmp(came, known, length) == 0
            }
        }
    }

    /// A head has come that was read, and after which another may come.
    mutating func note(_ head: Head) {
        guard isUsed else { return }
        defer { isFirst = false }
        if isFirst { return }
        others += 1
        if others <= Self.patience || others % Self.tryAgain == 0 { last = head.kept() }
    }

    mutating func forget() { (last, others) = (nil, 0) }
}

/// What was written for a head that has come before. It would be written the same again as long as routing leads to the same: a request's client
/// and head do not change within its connection, and an answer's lines depend on its head and the version alone.
final class KnownLines {
    /// The `ResolvedVersion`, which is made anew with each table of routes. Whoever builds this file for itself needs no such type.
    let version: AnyObject
    /// Where the table leads is looked up before a caller is asked who it is, and the version after that.
    let target: String
    let bytes: ByteBuffer

    init(version: AnyObject, target: String, bytes: ByteBuffer) { (self.version, self.target, self.bytes) = (version, target, bytes) }
}
