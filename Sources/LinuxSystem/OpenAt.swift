// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// How the kernel walks a path. Source: openat2(2).
public struct ResolveRules: OptionSet, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// No step may cross into another mount.
    public static let noMountCrossing = ResolveRules(rawValue: clinux_RESOLVE_NO_XDEV)
    /// No jump through links such as `/proc/self/fd/3`, which lead to open files and not to names.
    public static let noMagicLinks = ResolveRules(rawValue: clinux_RESOLVE_NO_MAGICLINKS)
    /// No symbolic link at all, the last part included.
    public static let noSymbolicLinks = ResolveRules(rawValue: clinux_RESOLVE_NO_SYMLINKS)
    /// Fails where any step leaves the folder.
    public static let beneath = ResolveRules(rawValue: clinux_RESOLVE_BENEATH)
    /// The folder is `/` for every step, as if in a chroot.
    public static let inRoot = ResolveRules(rawValue: clinux_RESOLVE_IN_ROOT)
}

/// Flags of openat2(2) that the Swift module for glibc does not show.
public enum OpenFlags {
    public static let path = clinux_O_PATH
    public static let temporaryFile = clinux_O_TMPFILE
}

/// The number that stands for the working folder in the calls ending in `at`.
public let currentDirectory: CInt = AT_FDCWD

/// Opens a file by openat2(2). The descriptor is closed at exec.
///
/// - Parameters:
///   - directory: an open folder, or ``currentDirectory``; it is only borrowed.
///   - flags: `O_*`; `O_CLOEXEC` is added.
///   - mode: permission bits for a new file.
public func openAt(
    _ directory: CInt, _ path: String, flags: CInt, mode: UInt32 = 0, resolve: ResolveRules = []
) throws(SystemCallError) -> Descriptor {
    let number = try systemCall("openat2 \(path)") {
        clinux_openat2(directory, path, UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), UInt64(mode), resolve.rawValue)
    }
    return Descriptor(owning: number)
}

/// Opens a folder for reading its entries; a symbolic link in the last place is refused.
public func openDirectory(_ directory: CInt, _ path: String, resolve: ResolveRules = []) throws(SystemCallError) -> Descriptor {
    try openAt(directory, path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW, resolve: resolve)
}
