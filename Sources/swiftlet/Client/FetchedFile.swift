// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import Glibc
import NIOCore

/// An answer's body as a file, which has its name only when it is whole.
enum FetchedFile {
    /// - Parameter path: `-` is standard output.
    static func write(_ response: HTTPClientResponse, to path: String) async throws {
        if path == "-" {
            for try await block in response.body { try Output.bytes(block.readableBytesView) }
            return
        }
        let temporary = path + ".part"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard file >= 0 else { throw failure(temporary) }
        do {
            for try await block in response.body {
                var rest = block
                while rest.readableBytes > 0 {
                    let count = rest.withUnsafeReadableBytes { Glibc.write(file, $0.baseAddress, $0.count) }
                    guard count >= 0 || errno == EINTR else { throw failure(temporary) }
                    rest.moveReaderIndex(forwardBy: max(0, count))
                }
            }
            guard close(file) == 0, rename(temporary, path) == 0 else { throw failure(path) }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private static func failure(_ path: String) -> CommandFailure {
        CommandFailure("cannot write '\(path)': \(String(cString: strerror(errno)))")
    }
}
