// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import NIOCore

/// The socket under a channel that sends bytes as they are. A short message that is sent on it at once costs the system call and nothing else; through
/// the channel it is queued, marked, gathered and accounted for first.
struct BareSocket {
    private let descriptor: CInt

    /// Nil where the channel is not a socket.
    init?(_ context: ChannelHandlerContext) {
        do {
            let found = try context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
            guard let found else { return nil }
            descriptor = found
        } catch {
            // It is closed already: whoever writes to the channel hears of it.
            return nil
        }
    }

    /// To be called while the channel is open, since its descriptor is another one's afterwards.
    ///
    /// - Returns: how many bytes the kernel took. Where it took none, for whatever reason, the channel is told the reason when it tries.
    func send(_ bytes: ByteBuffer) -> Int {
        max(0, bytes.withUnsafeReadableBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) })
    }
}
