// SPDX-License-Identifier: Apache-2.0
import Glibc
package import LinuxSystem
import Sandbox

/// What says which pages some processes have mapped: their `maps` and `pagemap`, open.
package enum MappedFiles {
    /// - Parameter processes: says the numbers of those that are meant, as text, whenever it is asked.
    /// - Returns: the two files of each in turns.
    package static func open(of processes: () throws(SystemCallError) -> Set<[UInt8]>) throws(SystemCallError) -> [Descriptor.Box] {
        let meant = try processes().prefix(ReadAheadBounds.processes)
        var files: [(process: [UInt8], maps: Descriptor.Box, table: Descriptor.Box)] = []
        // Whoever opens a table with it is told there where in the machine's memory each page lies. Source: pagemap.rst.
        try OwnProcess.without(capability: administration) {
            for process in meant {
                let number = String(decoding: process, as: UTF8.self)
                guard let maps = try? openAt(currentDirectory, "/proc/\(number)/maps", flags: O_RDONLY),
                    let table = try? openAt(currentDirectory, "/proc/\(number)/pagemap", flags: O_RDONLY)
                else { continue }  // It has ended.
                files.append((process, Descriptor.Box(maps), Descriptor.Box(table)))
            }
        }
        // Of one that has ended the number may have been another's by then.
        let still = try processes()
        return files.filter { still.contains($0.process) }.flatMap { [$0.maps, $0.table] }
    }

    /// CAP_SYS_ADMIN.
    private static let administration: CInt = 21
}
