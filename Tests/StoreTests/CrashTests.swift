// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import GRDB
import Store
import Testing

@Suite(.serialized) struct CrashTests {
    @Test func everyCommitIsSynced() async throws {
        try await withStore { (store) async throws in
            // 2 is FULL. The writer of the pool is the one connection that commits.
            let mode = try await store.database.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
            #expect(mode == 2)
            let journal = try await store.database.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
            #expect(journal == "wal")
        }
    }

    @Test func nothingAcknowledgedIsLostWhenTheWriterIsKilled() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        var acknowledged: [String] = []
        for run in 0..<5 {
            acknowledged += try Self.writeAndKill(database: folder.path + "/swiftlet.db", run: run, after: 3 + 40 * run)
        }
        #expect(acknowledged.count >= 400)

        let store = try Store(path: folder.path + "/swiftlet.db")
        let functions = Dictionary(uniqueKeysWithValues: try await store.functions().map { ($0.name, $0) })
        for line in acknowledged {
            let words = line.split(separator: " ").map(String.init)
            #expect(functions[words[1]]?.configuration.description == words[1], "\(line) was lost")
            if words[0] == "version" { #expect(try await store.version(1, of: words[1]) != nil, "\(line) was lost") }
        }
        let revisions = Set(functions.values.map(\.revision))
        #expect(revisions.count == functions.count)
        #expect(try await store.database.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
        try store.close()
    }

    /// - Returns: what the writer had said when it was killed; a line that was cut off does not count.
    private static func writeAndKill(database: String, run: Int, after lineCount: Int) throws -> [String] {
        let writer = Process()
        writer.executableURL = try ownFolder().appendingPathComponent("store-writer")
        writer.arguments = [database, String(run)]
        let output = Pipe()
        writer.standardOutput = output
        try writer.run()
        var said = Data()
        while said.count(where: { $0 == UInt8(ascii: "\n") }) < lineCount {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            said += more
        }
        kill(writer.processIdentifier, SIGKILL)
        said += output.fileHandleForReading.readDataToEndOfFile()
        writer.waitUntilExit()
        #expect(writer.terminationReason == .uncaughtSignal)
        var lines = String(decoding: said, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines.removeLast()
        return lines
    }

    /// Where the test bundle lies, and beside it every program of the package.
    private static func ownFolder() throws -> URL {
        let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: path).deletingLastPathComponent()
    }
}
