// SPDX-License-Identifier: Apache-2.0
import CLinux

/// What a restricted process may do with files. Source: linux/landlock.h; the comments give the version that came with each.
public struct FileAccess: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let execute = FileAccess(rawValue: 1 << 0)
    public static let writeFile = FileAccess(rawValue: 1 << 1)
    public static let readFile = FileAccess(rawValue: 1 << 2)
    public static let readFolder = FileAccess(rawValue: 1 << 3)
    public static let removeFolder = FileAccess(rawValue: 1 << 4)
    public static let removeFile = FileAccess(rawValue: 1 << 5)
    public static let makeCharacterDevice = FileAccess(rawValue: 1 << 6)
    public static let makeFolder = FileAccess(rawValue: 1 << 7)
    public static let makeFile = FileAccess(rawValue: 1 << 8)
    public static let makeFifo = FileAccess(rawValue: 1 << 10)
    public static let makeLink = FileAccess(rawValue: 1 << 12)
    /// Links and renames between folders; 2.
    public static let refer = FileAccess(rawValue: 1 << 13)
    /// 3.
    public static let truncate = FileAccess(rawValue: 1 << 14)

    /// Everything that a version knows, to be restricted.
    static func all(version: Int) -> FileAccess {
        FileAccess(rawValue: (1 << (version >= 5 ? 16 : version >= 3 ? 15 : 14)) - 1)
    }
}

/// Restricts what a process, and all that it starts, can reach, beside and below its other rights. Source: landlock(7).
public final class LandlockRules: Sendable {
    public let descriptor: Descriptor
    private let known: FileAccess

    /// The version of the kernel; 0 where it has none, or is told not to use it.
    public static var version: Int { max(0, Int(clinux_landlock_version())) }

    /// Rules that forbid every access to files that the kernel can restrict, TCP, and abstract sockets and signals to the outside.
    ///
    /// - Returns: nil where the kernel's version is below 2, by which no process could make hard links between folders.
    public init?(version: Int = LandlockRules.version) throws(SystemCallError) {
        guard version >= 2 else { return nil }
        known = FileAccess.all(version: version)
        let (files, network, scopes) = (known.rawValue, version >= 4 ? 3 : 0 as UInt64, version >= 6 ? 3 : 0 as UInt64)
        descriptor = Descriptor(
            owning: try systemCall("landlock_create_ruleset") { clinux_landlock_rules(files, network, scopes) })
    }

    /// - Parameter file: open, `O_PATH` will do; a folder stands for all below it.
    public func allow(_ access: FileAccess, on file: CInt) throws(SystemCallError) {
        try systemCall("landlock_add_rule") {
            clinux_landlock_allow(descriptor.number, file, access.intersection(known).rawValue)
        }
    }
}
