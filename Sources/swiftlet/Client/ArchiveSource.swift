// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import Glibc
import Images
import NIOCore
import NIOPosix

/// The bytes of an archive: a file, standard input, or a directory that is packed into a tar on the way.
struct ArchiveSource {
    /// Bytes read at once.
    private static let block = 256 * 1024

    let body: HTTPClientRequest.Body
    /// Nil where it is not known before the end.
    let size: Int?

    init(path: String) throws {
        if path == "-" {
            body = .stream(Self.chunks([.file(descriptor: dup(STDIN_FILENO), length: nil)]), length: .unknown)
            size = nil
            return
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw Self.failure(path) }
        let pieces: [ArchivePiece]
        if status.st_mode & S_IFMT == S_IFDIR {
            pieces = try LayoutTar.pieces(directory: path)
        } else {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Self.failure(path) }
            if status.st_mode & S_IFMT == S_IFREG {
                defer { close(descriptor) }
                pieces = ArchiveOrder.places(descriptor: descriptor, length: UInt64(status.st_size)).map {
                    .named(path: path, offset: Int($0.lowerBound), length: $0.count)
                }
            } else {
                pieces = [.file(descriptor: descriptor, length: nil)]
            }
        }
        let lengths = pieces.map(\.length)
        size = lengths.contains(nil) ? nil : lengths.reduce(0) { $0 + ($1 ?? 0) }
        body = .stream(Self.chunks(pieces), length: size.map { .known(Int64($0)) } ?? .unknown)
    }

    static func failure(_ path: String) -> CommandFailure { CommandFailure("cannot read '\(path)': \(String(cString: strerror(errno)))") }

    /// Reads only as fast as the connection takes it: the next block is read when it is asked for.
    private static func chunks(_ pieces: [ArchivePiece]) -> AsyncThrowingStream<ByteBuffer, any Error> {
        let reader = PieceReader(pieces: pieces)
        let threads = NIOThreadPool.singleton
        return AsyncThrowingStream { try await threads.runIfActive { try reader.next(block) } }
    }
}

/// A part of what is sent.
enum ArchivePiece: Sendable {
    case bytes([UInt8])
    /// Read from where the descriptor stands; a known length must come out exactly. The reader closes it.
    case file(descriptor: CInt, length: Int?)
    /// A part of a file, opened when its turn comes, so that a layout of many blobs takes one descriptor.
    case named(path: String, offset: Int, length: Int)

    var length: Int? {
        switch self {
        case .bytes(let bytes): bytes.count
        case .file(_, let length): length
        case .named(_, _, let length): length
        }
    }
}
