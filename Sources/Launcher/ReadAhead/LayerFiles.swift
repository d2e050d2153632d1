// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// The files of unpacked layers, for reading ahead. Names come from images, so the kernel is told to follow none out of its layer, and nothing but a
/// regular file is opened.
package struct LayerFiles {
    /// The folder of all layers.
    let folder: CInt

    package init(folder: CInt) { self.folder = folder }

    /// - Returns: nil where there is no regular file of that name in the layer.
    func open(_ layer: Digest, _ path: String) -> Descriptor.Box? {
        let place = "\(layer.hex)/\(path)"
        let rules: ResolveRules = [.beneath, .noSymbolicLinks, .noMagicLinks, .noMountCrossing]
        // Looked at before it is opened: to open a device or a FIFO does something.
        guard let found = try? openAt(folder, place, flags: OpenFlags.path | O_NOFOLLOW, resolve: rules), Self.size(found.number) != nil
        else {
            return nil
        }
        guard let file = try? openAt(folder, place, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, resolve: rules) else {
            return nil
        }
        return Descriptor.Box(file)
    }

    /// Bytes of a regular file; nil for anything else.
    static func size(_ file: CInt) -> UInt64? {
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt64(max(0, status.st_size))
    }

    /// Which pages of a part are in memory; empty where the kernel does not say.
    ///
    /// - Parameter offset: a multiple of the size of a page.
    static func resident(_ file: CInt, offset: UInt64, length: Int) -> [Bool] {
        guard length > 0, let memory = mmap(nil, length, PROT_READ, MAP_SHARED, file, off_t(offset)), memory != MAP_FAILED else {
            return []
        }
        defer { munmap(memory, length) }
        var pages = [UInt8](repeating: 0, count: (length + pageSize - 1) / pageSize)
        return mincore(memory, length, &pages) == 0 ? pages.map { $0 & 1 != 0 } : []
    }

    /// Has a part read, without waiting for it.
    static func readAhead(_ file: CInt, _ part: ReadList.Part) {
        var (offset, rest) = (part.offset, part.length)
        while rest > 0 {
            let length = min(rest, request)
            posix_fadvise(file, off_t(offset), off_t(length), CInt(POSIX_FADV_WILLNEED))
            (offset, rest) = (offset + length, rest - length)
        }
    }

    /// Bytes of one request: the kernel cuts a larger one to what a device's read-ahead is set to, of which this is the usual size.
    private static let request: UInt64 = 128 << 10
    static let pageSize = Int(sysconf(CInt(_SC_PAGESIZE)))
}
