// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import FunctionLog
import FunctionModel
import Glibc
import Store

/// Copies a host's state into one archive while the host runs.
///
/// The databases are copied first, each as it is at one moment; then everything that they name: layers and blobs are never changed once they are
/// there. One that is removed in between would be missing, so the whole is looked at again behind it, and made anew where that happened.
struct StateBackup {
    private static let attempts = 5
    /// What is made anew at a start, or is no state.
    private static let left = [
        "data/*.db", "data/*.db-wal", "data/*.db-shm", "data/*.sock", "data/*.sock.new", "data/tmp", "data/nonces", "layers/.trash",
        "layers/.tmp-*",
    ]

    let stateDirectory: String
    let withLogs: Bool

    func write(to file: String) throws {
        guard geteuid() == 0 else { throw CommandFailure("a backup reads the whole state of the host: run it as root") }
        guard access("\(stateDirectory)/data", R_OK | X_OK) == 0 else {
            throw CommandFailure("'\(stateDirectory)' is no state directory of a host: name it with --state-dir")
        }
        umask(0o077)
        let part = file + ".part"
        // The lock goes with this process; what a killed one left is removed by the next.
        let lock = open("\(stateDirectory)/backup.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw failure("make '\(stateDirectory)/backup.lock'") }
        defer { close(lock) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw CommandFailure("another backup of '\(stateDirectory)' runs") }
        for _ in 0..<Self.attempts {
            let work = try temporaryFolder()
            defer { remove(work) }
            let databases = try copyDatabases(to: work)
            try pack(work, into: part)
            if try missingLayer(work, databases) == nil {
                try finish(part, as: file)
                return
            }
            unlink(part)
        }
        throw CommandFailure("images were removed again and again while the backup ran: try it at a quieter time")
    }

    private func copyDatabases(to work: String) throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(stateDirectory)/data").filter { $0.hasSuffix(".db") }.sorted()
        guard mkdir("\(work)/databases", 0o700) == 0 else { throw failure("make a folder in \(work)") }
        for name in names { try DatabaseSnapshot.make(of: "\(stateDirectory)/data/\(name)", at: "\(work)/databases/\(name)") }
        let manifest = BackupManifest(version: swiftletVersion, time: LogTime.now().text, databases: names)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try encoder.encode(manifest).write(to: URL(filePath: "\(work)/\(BackupManifest.name)"))
        return names
    }

    private func pack(_ work: String, into part: String) throws {
        var words = ["--create", "--file", part, "--format=pax", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--sparse"]
        words += ["--anchored", "--no-wildcards-match-slash"]
        if part.hasSuffix(".gz.part") || part.hasSuffix(".tgz.part") { words.append("--gzip") }
        words += (Self.left + (withLogs ? [] : ["data/logs"])).map { "--exclude=\($0)" }
        words += ["--directory", work, BackupManifest.name, "databases"]
        words += ["--directory", stateDirectory, "data", "layers"]
        // 1 says that a file changed or went while it was read, which logs do; what must not is looked at behind it.
        guard [0, 1].contains(try ChildProgram.run("/usr/bin/tar", words)) else {
            unlink(part)
            throw CommandFailure("the archive '\(part)' could not be written")
        }
    }

    /// A layer that the copied database names and the folder has no more.
    private func missingLayer(_ work: String, _ databases: [String]) throws -> String? {
        guard databases.contains("swiftlet.db") else { return nil }
        return try DatabaseSnapshot.layers(in: "\(work)/databases/swiftlet.db").map(\.hex)
            .first { access("\(stateDirectory)/layers/\($0)", F_OK) != 0 }
    }

    private func finish(_ part: String, as file: String) throws {
        let descriptor = open(part, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0, fsync(descriptor) == 0 else { throw failure("write \(part)") }
        close(descriptor)
        guard rename(part, file) == 0 else { throw failure("name \(file)") }
    }

    /// Beside the data, so that there is room for the databases, and closed to everyone else.
    private func temporaryFolder() throws -> String {
        let folder = "\(stateDirectory)/backup"
        if access(folder, F_OK) == 0 { try FileManager.default.removeItem(atPath: folder) }
        guard mkdir(folder, 0o700) == 0 else { throw failure("make '\(folder)'") }
        return folder
    }

    private func remove(_ folder: String) {
        do { try FileManager.default.removeItem(atPath: folder) } catch {
            StructuredLogHandler.standardError("swiftlet: the temporary folder \(folder) could not be removed: \(error)\n")
        }
    }

    private func failure(_ what: String) -> CommandFailure { CommandFailure("cannot \(what): \(String(cString: strerror(errno)))") }
}
