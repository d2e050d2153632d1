// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import NIOCore
import NIOPosix

/// A pipe from a sender to the unpacker. Writing waits, without a thread, until the unpacker has made room.
final class LayerPipe: Sendable {
    /// Bytes that the kernel keeps between the two: what an unprivileged process may ask for.
    private static let room: CInt = 1 << 20
    /// F_SETPIPE_SZ of fcntl(2), which the Swift module for glibc does not show.
    private static let setRoom: CInt = 1031

    let reading: LinuxSystem.Descriptor.Box
    private let channel: any Channel

    init() async throws {
        let pipe = try LinuxSystem.Pipe()
        // Where many pipes are open, the kernel refuses a larger one, and the usual 64 KiB are only slower.
        _ = fcntl(pipe.write.number, Self.setRoom, Self.room)
        reading = pipe.read
        let number = try pipe.write.descriptor.duplicate().release()
        do {
            channel = try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .takingOwnershipOfDescriptor(output: number).get()
        } catch {
            close(number)
            throw error
        }
    }

    func write(_ buffer: ByteBuffer) async throws { try await channel.writeAndFlush(buffer) }

    /// The reader sees the end, and has all of the layer only if all was written.
    func end() async {
        // It may have been closed by the reader's end.
        do { try await channel.close() } catch {}
    }
}
