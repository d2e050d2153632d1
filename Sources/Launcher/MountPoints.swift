// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// The topmost layer of every root: empty folders and files for our mounts. An image may lack them, or have symbolic links in their place that
/// lead anywhere; a folder in an upper layer hides whatever a lower one has there that is no folder (CVE-2026-41579, CVE-2025-52565).
enum MountPoints {
    /// - Precondition: the working folder is `run`.
    static func make() throws(SystemCallError) {
        try removeTree(currentDirectory, "points")
        try makeDirectory(currentDirectory, "points", mode: 0o755)
        let points = try openDirectory(currentDirectory, "points")
        for name in ["proc", "sys", "dev", "tmp", "etc"] { try makeDirectory(points.number, name, mode: 0o755) }
        for name in ["etc/hosts", "etc/hostname"] { try write(points.number, name, "") }
        // No name server: nothing outside of the instance can be reached, so a look-up should fail at once. Those with a way out have their own.
        try write(points.number, "etc/resolv.conf", "# An instance has no network but its own loopback.\noptions timeout:1 attempts:1\n")
        try systemCall("fchmod points") { fchmod(points.number, 0o755) }
    }

    static func write(_ directory: CInt, _ name: String, _ text: String) throws(SystemCallError) {
        let file = try openAt(directory, name, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
        try file.writeAll(text)
    }
}
