// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// Tells of every file that is opened through one mount, by whichever process. Source: fanotify(7).
public enum OpenedFiles {
    public struct Batch {
        /// Open for reading; the receiver owns them.
        public var files: [CInt]
        /// The kernel had more to tell than it keeps.
        public var isIncomplete: Bool
    }

    /// - Parameter directory: a folder in the mount; opened with `O_PATH` is enough.
    public static func watch(_ directory: CInt) throws(SystemCallError) -> Descriptor {
        Descriptor(owning: try systemCall("fanotify") { clinux_watch_opened(directory) })
    }

    /// - Returns: nil where nothing waits.
    public static func next(_ group: CInt) throws(SystemCallError) -> Batch? {
        let room = 64
        var files = [CInt](repeating: -1, count: room)
        var lost: CInt = 0
        let count: CInt
        do { count = try systemCall("read fanotify") { clinux_next_opened(group, &files, CInt(room), &lost) } } catch
            where error.errno == EAGAIN
        { return nil }
        return Batch(files: Array(files.prefix(Int(count))), isIncomplete: lost != 0)
    }
}
