// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Follows the outer tar of an archive while it comes, and tells which of its bytes are the content of which member.
///
/// It refuses nothing. Where it does not understand what comes it calls all the rest ``Piece/frame(_:)``: the ``TarIndex`` of the whole archive,
/// which reads the same headers by the same rules, says what is wrong.
struct ArchiveWalk {
    enum Piece {
        /// Headers, padding, the end, and whatever comes once the walk is lost.
        case frame(ByteBuffer)
        /// A file begins. Its content follows in pieces.
        case member(path: String, TarIndex.Member)
        case content(ByteBuffer)
        /// The content of the member that began last is whole.
        case end
    }

    private enum State {
        case header
        /// The content of an extended header, which speaks of the next member.
        case extended(kind: UInt8, bytes: Int)
        case content(left: UInt64, padding: UInt64)
        case skipped(left: UInt64)
        case lost
    }

    /// What has begun so far.
    private(set) var index = TarIndex()
    private var state = State.header
    private var override = PaxRecords()
    /// What has come of a header.
    private var collected: [UInt8] = []
    /// Bytes of the archive before the next one.
    private var position: UInt64 = 0
    private var members = 0
    private let memberLimit: Int

    init(memberLimit: Int) { self.memberLimit = memberLimit }

    /// The next bytes of the archive, taken apart. All of them come back, in order.
    mutating func take(_ buffer: ByteBuffer) -> [Piece] {
        var rest = buffer
        var pieces: [Piece] = []
        while rest.readableBytes > 0 {
            switch state {
            case .header: collect(TarHeader.size, from: &rest, &pieces)
            case .extended(_, let bytes): collect(bytes, from: &rest, &pieces)
            case .content(let left, let padding):
                let part = cut(left, from: &rest)
                pieces.append(.content(part))
                continueContent(left - UInt64(part.readableBytes), padding, &pieces)
            case .skipped(let left):
                let part = cut(left, from: &rest)
                pieces.append(.frame(part))
                skip(left - UInt64(part.readableBytes))
            case .lost: pieces.append(.frame(cut(.max, from: &rest)))
            }
        }
        return pieces
    }

    private mutating func cut(_ most: UInt64, from rest: inout ByteBuffer) -> ByteBuffer {
        let part = rest.readSlice(length: Int(min(most, UInt64(rest.readableBytes)))) ?? ByteBuffer()
        position += UInt64(part.readableBytes)
        return part
    }

    private mutating func collect(_ wanted: Int, from rest: inout ByteBuffer, _ pieces: inout [Piece]) {
        let part = cut(UInt64(wanted - collected.count), from: &rest)
        collected += part.readableBytesView
        pieces.append(.frame(part))
        guard collected.count == wanted else { return }
        let bytes = collected
        collected = []
        do {
            if case .extended(let kind, _) = state {
                if kind != UInt8(ascii: "g") { try override.add(bytes, kind: kind) }
                skip(Self.padding(UInt64(bytes.count)))
            } else {
                try begin(try TarHeader(bytes, at: position - UInt64(TarHeader.size)), &pieces)
            }
        } catch { state = .lost }
    }

    private mutating func begin(_ found: TarHeader?, _ pieces: inout [Piece]) throws {
        members += 1
        guard var header = found, members <= memberLimit else {
            state = .lost
            return
        }
        if let size = override.size, !TarIndex.isOverride(header.kind) { header.bytes = size }
        if TarIndex.isExtended(header.kind) {
            state = header.bytes > TarIndex.extendedLimit ? .lost : .extended(kind: header.kind, bytes: Int(header.bytes))
            if header.bytes == 0 { state = .header }
            return
        }
        let path = try index.add(header, override, at: position)
        override = PaxRecords()
        guard let path, let member = index[path], member.offset == position else { return skip(header.bytes + Self.padding(header.bytes)) }
        pieces.append(.member(path: path, member))
        continueContent(member.size, Self.padding(member.size), &pieces)
    }

    private mutating func continueContent(_ left: UInt64, _ padding: UInt64, _ pieces: inout [Piece]) {
        state = .content(left: left, padding: padding)
        if left == 0 {
            pieces.append(.end)
            skip(padding)
        }
    }

    private mutating func skip(_ bytes: UInt64) { state = bytes == 0 ? .header : .skipped(left: bytes) }

    private static func padding(_ bytes: UInt64) -> UInt64 { (512 - bytes % 512) % 512 }
}
