// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

/// The folder that holds all of one host. Its root is closed to everyone but root (CVE-2024-25621).
final class StateDirectory {
    /// Absolute, without a symbolic link.
    let path: String
    let root: Descriptor
    let layers: Descriptor
    let trash: Descriptor
    /// Which files programs read until they are ready.
    let reads: Descriptor
    /// Open for the life of the launcher: the lock goes with it, also after SIGKILL.
    private let lock: Descriptor

    /// Makes what is missing and takes the lock.
    ///
    /// - Throws: ``LauncherRefusal`` where another host has the folder, `SystemCallError` where it cannot be made.
    init(path wanted: String, owner: ImageUser) throws {
        try Self.makeFolders(wanted)
        guard let real = realpath(wanted, nil) else { throw SystemCallError(call: "realpath \(wanted)", errno: errno) }
        path = String(cString: real)
        free(real)
        root = try openDirectory(currentDirectory, path)
        let number = root.number
        try systemCall("fchmod") { fchmod(number, 0o700) }
        lock = try openAt(root.number, "lock", flags: O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        try Self.take(lock, path: path)
        for name in ["layers", "run", "layers/.trash", "reads"] {
            try makeDirectory(root.number, name, mode: 0o700)
            try systemCall("fchmodat \(name)") { fchmodat(number, name, 0o700, 0) }
        }
        layers = try openDirectory(root.number, "layers")
        trash = try openDirectory(root.number, "layers/.trash")
        reads = try openDirectory(root.number, "reads")
        try makeDirectory(root.number, "data", mode: 0o700)
        let data = try openDirectory(root.number, "data", resolve: .noSymbolicLinks)
        try systemCall("fchown data") { fchown(data.number, owner.user, owner.group) }
        try systemCall("fchmod data") { fchmod(data.number, 0o700) }
    }

    /// Becomes the working folder of the launcher, by which everything else finds its way.
    func enterRun() throws(SystemCallError) {
        try systemCall("fchdir") { fchdir(root.number) }
        try systemCall("chdir run") { chdir("run") }
    }

    /// Names this host's cgroups: the same for the same folder, so that a restart finds what a killed launcher left.
    var cgroupName: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a, 64 bits.
        for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "swiftlet-" + String(hash, radix: 16)
    }

    private static func makeFolders(_ path: String) throws {
        guard path.hasPrefix("/") else { throw LauncherRefusal("--state-dir '\(path)' is not an absolute path") }
        var made = ""
        for part in path.split(separator: "/") {
            made += "/\(part)"
            try makeDirectory(currentDirectory, made, mode: made == path ? 0o700 : 0o755)
        }
    }

    /// A launcher that was just killed may take some milliseconds to be gone.
    private static func take(_ lock: borrowing Descriptor, path: String) throws {
        for _ in 0..<100 {
            if flock(lock.number, LOCK_EX | LOCK_NB) == 0 { return }
            guard errno == EWOULDBLOCK || errno == EINTR else { throw SystemCallError(call: "flock \(path)/lock", errno: errno) }
            usleep(10_000)
        }
        throw LauncherRefusal("another Swiftlet host uses \(path): stop it, or give this one its own --state-dir")
    }
}

/// Why the launcher does not start: a sentence that says the way out.
public struct LauncherRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}
