// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import LinuxSystem

/// Where the plain tar goes. A pipe is lent the memory in which it lies, which spares the kernel a page and a copy for each that `write` hands on; whoever
/// reads the pipe copies it.
///
/// What is lent must stay as it is until it has been read. A pipe holds ``pipeSize`` at most, so what was lent before the last so many bytes has been: the
/// memory has as many places more than that. Were a pipe larger, the reader would see later bytes in the place of earlier ones, which the diff id tells.
final class LentOutput {
    private static let placeSize = 256 << 10
    /// What the launcher makes of the pipe (`UnpackJob`). Each place is whole pages, and goes to the pipe when it is full.
    private static let pipeSize = 1 << 20

    private let descriptor: CInt
    /// Until it turns out that it is no pipe, or that who confines this program has no such call.
    private var canLend = true
    private let memory: UnsafeMutableRawBufferPointer
    private var place = 0
    private var used = 0

    /// - Parameter descriptor: only borrowed.
    init(_ descriptor: CInt) {
        self.descriptor = descriptor
        memory = .allocate(byteCount: Self.pipeSize + Self.placeSize, alignment: 4096)
    }

    deinit { memory.deallocate() }

    /// Where the next bytes are to be put; never empty.
    var room: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: memory[(place + used)..<(place + Self.placeSize)])
    }

    /// So many bytes were put at the front of ``room``.
    func advance(_ count: Int) throws(SystemCallError) {
        used += count
        if used == Self.placeSize { try handOn() }
    }

    /// Hands on what has not filled a place. Nothing comes behind it.
    func finish() throws(SystemCallError) { try handOn() }

    private func handOn() throws(SystemCallError) {
        var rest = UnsafeRawBufferPointer(rebasing: memory[place..<(place + used)])
        while !rest.isEmpty {
            do throws(SystemCallError) {
                let count = try systemCall("write") {
                    canLend
                        ? clinux_vmsplice(descriptor, rest.baseAddress, rest.count) : write(descriptor, rest.baseAddress, rest.count)
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } catch {
                guard canLend, [EBADF, ENOSYS, EPERM].contains(error.errno) else { throw error }
                canLend = false
            }
        }
        place = (place + Self.placeSize) % memory.count
        used = 0
    }
}
