// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import Synchronization

/// Reads the pieces of an archive one after the other. Its call blocks.
final class PieceReader: Sendable {
    private struct State {
        var pieces: ArraySlice<ArchivePiece>
        var open: (descriptor: CInt, rest: Int?, path: String)?
    }

    private let state: Mutex<State>

    init(pieces: [ArchivePiece]) { state = Mutex(State(pieces: pieces[...])) }

    deinit { state.withLock { if let open = $0.open { close(open.descriptor) } } }

    /// - Returns: nil at the end.
    func next(_ most: Int) throws -> ByteBuffer? {
        try state.withLock { state in
            while true {
                if let buffer = try Self.read(&state, most) { return buffer }
                switch state.pieces.popFirst() {
                case nil: return nil
                case .bytes(let bytes): return ByteBuffer(bytes: bytes)
                case .file(let descriptor, let length): state.open = (descriptor, length, "the archive")
                case .named(let path, let offset, let length):
                    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
                    guard descriptor >= 0 else { throw ArchiveSource.failure(path) }
                    guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else {
                        defer { close(descriptor) }
                        throw ArchiveSource.failure(path)
                    }
                    state.open = (descriptor, length, path)
                }
            }
        }
    }

    private static func read(_ state: inout State, _ most: Int) throws -> ByteBuffer? {
        guard let open = state.open else { return nil }
        let wanted = min(most, open.rest ?? most)
        var count = 0
        var buffer = ByteBuffer()
        if wanted > 0 {
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { bytes in
                repeat { count = Glibc.read(open.descriptor, bytes.baseAddress, wanted) } while count < 0 && errno == EINTR
                return max(0, count)
            }
        }
        guard count >= 0 else { throw ArchiveSource.failure(open.path) }
        if count == 0 {
            close(open.descriptor)
            state.open = nil
            if let rest = open.rest, rest > 0 { throw CommandFailure("'\(open.path)' became shorter while it was read: load it again") }
            return nil
        }
        state.open = (open.descriptor, open.rest.map { $0 - count }, open.path)
        return buffer
    }
}
