// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// A file name or path as the kernel sees it: any bytes but zero, and a zero at the end. A `String` would repair what is not UTF-8.
public typealias ByteName = [CChar]

/// Opens a file by openat2(2) under a name of any bytes. The descriptor is closed at exec.
public func openAt(
    _ directory: CInt, bytes path: ByteName, flags: CInt, mode: UInt32 = 0, resolve: ResolveRules = []
) throws(SystemCallError) -> Descriptor {
    let number = try systemCall("openat2") {
        clinux_openat2(directory, path, UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), UInt64(mode), resolve.rawValue)
    }
    return Descriptor(owning: number)
}

/// Sets an extended attribute of an open file.
public func setExtendedAttribute(_ descriptor: CInt, _ name: ByteName, _ value: [UInt8]) throws(SystemCallError) {
    try systemCall("fsetxattr") { clinux_fsetxattr(descriptor, name, value, value.count) }
}

/// Changes the owner of an open file; one opened with `O_PATH` will do, so a symbolic link can have an owner too.
public func setOwner(_ descriptor: CInt, user: UInt32, group: UInt32) throws(SystemCallError) {
    try systemCall("fchownat") { clinux_chown_opened(descriptor, user, group) }
}

/// An extended attribute of an open file, of at most 64 KiB; nil where it has none of that name, or where the file cannot be asked.
public func extendedAttribute(_ descriptor: CInt, _ name: String) -> [UInt8]? {
    var value = [UInt8](repeating: 0, count: 65536)
    let count = clinux_fgetxattr(descriptor, name, &value, value.count)
    return count < 0 ? nil : Array(value[..<count])
}
