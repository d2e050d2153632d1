// SPDX-License-Identifier: Apache-2.0
import Access
import FoundationEssentials
import Glibc

/// Makes a state directory of a backup. It is put together beside its place and moved there at the end: it is whole or not there.
struct StateRestore {
    let stateDirectory: String
    /// Who the daemon will run as, and whose the data is to be.
    let user: String

    func read(from file: String) throws -> BackupManifest {
        guard geteuid() == 0 else { throw CommandFailure("files get their owners back: run it as root") }
        guard access(file, R_OK) == 0 else { throw failure("read '\(file)'") }
        try checkPlace()
        umask(0o077)
        let work = stateDirectory + ".restoring"
        if access(work, F_OK) == 0 { try FileManager.default.removeItem(atPath: work) }
        guard mkdir(work, 0o700) == 0 else { throw failure("make '\(work)'") }
        do {
            let manifest = try unpack(file, into: work)
            for name in manifest.databases {
                guard !name.contains("/"), rename("\(work)/databases/\(name)", "\(work)/data/\(name)") == 0 else {
                    throw failure("put the database '\(name)' in place")
                }
            }
            guard rmdir("\(work)/databases") == 0, unlink("\(work)/\(BackupManifest.name)") == 0 else { throw failure("tidy up '\(work)'") }
            try NonceLog.disown(data: "\(work)/data")
            try own("\(work)/data")
            if rmdir(stateDirectory) != 0, errno != ENOENT { throw failure("take the place of '\(stateDirectory)'") }
            guard rename(work, stateDirectory) == 0 else { throw failure("move '\(work)' to its place") }
            return manifest
        } catch {
            try FileManager.default.removeItem(atPath: work)
            throw error
        }
    }

    private func checkPlace() throws {
        guard access(stateDirectory, F_OK) == 0 else { return }
        let names = try FileManager.default.contentsOfDirectory(atPath: stateDirectory)
        guard names.isEmpty else {
            throw CommandFailure(
                "'\(stateDirectory)' is not empty: stop the host (`systemctl stop swiftlet`) and move the old state away first, or name another --state-dir"
            )
        }
    }

    private func unpack(_ file: String, into work: String) throws -> BackupManifest {
        let words = [
            "--extract", "--file", file, "--numeric-owner", "--same-owner", "--preserve-permissions", "--xattrs", "--xattrs-include=*",
        ]
        guard try ChildProgram.run("/usr/bin/tar", words + ["--directory", work]) == 0 else {
            throw CommandFailure("'\(file)' could not be unpacked: it is no whole backup")
        }
        let manifest: BackupManifest
        do {
            manifest = try JSONDecoder().decode(
                BackupManifest.self, from: try Data(contentsOf: URL(filePath: "\(work)/\(BackupManifest.name)")))
        } catch { throw CommandFailure("'\(file)' is no backup of a host: it has no readable \(BackupManifest.name)") }
        guard manifest.format <= BackupManifest.newest else {
            throw CommandFailure("'\(file)' was made by Swiftlet \(manifest.version), which is newer than this one (\(swiftletVersion))")
        }
        return manifest
    }

    /// Users have other numbers on another machine. Layers keep theirs: they are the images'.
    private func own(_ data: String) throws {
        guard try ChildProgram.run("/usr/bin/chown", ["--recursive", "--no-dereference", "\(user):", data]) == 0 else {
            throw CommandFailure("the data could not be given to the user '\(user)'")
        }
    }

    private func failure(_ what: String) -> CommandFailure { CommandFailure("cannot \(what): \(String(cString: strerror(errno)))") }
}
