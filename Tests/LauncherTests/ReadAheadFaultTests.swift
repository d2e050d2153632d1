// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import LinuxSystem
import Sandbox
import Testing

/// What becomes of it where a list, the disk, a process fails.
extension SandboxOnThisKernel.ReadAheadTests {
    @Test func aListThatIsNotOneIsRemovedAndMadeAnew() async throws {
        let folder = "/tmp/swiftlet-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        // Names that a list can have: only what is in them says that they are none.
        let (key, fifo) = (String(repeating: "0a", count: 32), String(repeating: "0b", count: 32))
        try #require(ReadAheadBounds.isKey(key) && ReadAheadBounds.isKey(fifo))
        try FileManager.default.createDirectory(atPath: folder + "/reads", withIntermediateDirectories: true)
        for (name, text) in [(key, "swiftlet read-ahead 1\nfile 0 0+5 ../../x\nend\n"), (".tmp", "swiftlet"), ("x", "")] {
            try text.write(toFile: "\(folder)/reads/\(name)", atomically: false, encoding: .utf8)
        }
        mkfifo("\(folder)/reads/\(fifo)", 0o600)
        let host = try LauncherFixture(folder: folder) { try write($0 + "/data/large", bytes: large) }
        #expect(try await host.output(["cwd"]) == "/\n")
        #expect(try await wait { try FileManager.default.contentsOfDirectory(atPath: folder + "/reads").isEmpty })
        #expect(try await record(host, ["read", "/data/large", "serve", "9000"]).contains(" data/large\n"))
    }

    @Test func onAFullDiskNoListGoesForOneThatIsNotKept() async throws {
        let folder = "/tmp/swiftlet-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        let reads = folder + "/reads"
        try FileManager.default.createDirectory(atPath: reads, withIntermediateDirectories: true)
        // A page for each list that there may be.
        try #require(mount("swiftlet-test", reads, "tmpfs", 0, "size=\(ReadAheadBounds.lists * 4096)") == 0)
        defer {
            umount2(reads, CInt(MNT_DETACH))
            try? FileManager.default.removeItem(atPath: folder)
        }
        let layer = Digest(hex: String(repeating: "a1", count: 32))!
        for number in 0..<ReadAheadBounds.lists {
            let key = String(repeating: "0", count: 60) + String(0x1000 + number, radix: 16)
            try ReadList(layers: [layer], files: []).text.write(toFile: "\(reads)/\(key)", atomically: false, encoding: .utf8)
        }
        let host = try LauncherFixture(folder: folder) { place in
            try write(place + "/data/large", bytes: large)
            for number in 0..<60 { try write("\(place)/many/\(String(repeating: "n", count: 200))\(number)", bytes: 100) }
        }
        try await loaded(host)
        try #require(lists(host).count == ReadAheadBounds.lists)
        let instance = host.start(["read", "/data/large", "read-all", "/many", "serve", "9000"])
        try await instance.listening()
        // It is written aside, and what could not be written whole stays there until the next one.
        #expect(try await wait { FileManager.default.fileExists(atPath: reads + "/.tmp") })
        _ = try await ready(host)
        #expect(lists(host).count == ReadAheadBounds.lists)
        try await stop(host, instance)
    }

    @Test func afterKillNineInTheMiddleNothingIsLeft() async throws {
        let host = try LauncherFixture { try write($0 + "/data/large", bytes: large) }
        try await loaded(host)
        let instance = host.start(["read", "/data/large", "serve", "9000"])
        try await instance.listening()
        let helper = try helper(of: host)
        kill(host.process, SIGKILL)
        #expect(SandboxOnThisKernel.ParkTests().areGone(["\(helper)"]))
        let next = try LauncherFixture(folder: host.folder)
        #expect(try await next.output(["cwd"]) == "/\n")
        #expect(try next.remains() == [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: host.folder + "/reads").isEmpty)
    }

    @Test func withoutItStartsGoOn() async throws {
        let host = try LauncherFixture { try write($0 + "/data/large", bytes: large) }
        try await loaded(host)
        let parked = try await SandboxOnThisKernel.ParkTests().park(host, ["serve", "9000"])
        kill(try helper(of: host), SIGKILL)
        let instance = SandboxOnThisKernel.ParkTests().start(host, parked)
        try await instance.listening()
        #expect(try await host.output(["cwd"]) == "/\n")
        try await stop(host, instance)
        #expect(try host.remains() == [])
    }

    /// It has told which lists there are, and the launcher has heard that: before, nothing is recorded.
    func loaded(_ host: LauncherFixture) async throws {
        _ = try await ready(host)
        #expect(try await host.output(["cwd"]) == "/\n")
    }

    @Test func itIsStartedAnewAndKnowsItsListsThen() async throws {
        let host = try LauncherFixture { try write($0 + "/data/large", bytes: large) }
        let arguments = ["read", "/data/large", "serve", "9000"]
        _ = try await record(host, arguments)
        let names = lists(host)
        let running = host.start(["cwd", "read", "/data/large", "serve", "9000"])
        try await running.listening()
        let former = try helper(of: host)
        kill(former, SIGKILL)
        _ = try await ready(host, not: former)
        try await stop(host, running)
        // It reads what the former one has recorded, and records what has no list.
        let path = layer(host) + "/data/large"
        try forget(path)
        let instance = host.start(arguments) { $0.environment.append("SKIP=1") }
        try await instance.listening()
        #expect(try await wait { try resident(path) == large / 4096 })
        let other = host.start(["hostname", "read", "/data/large", "serve", "9000"])
        try await other.listening()
        #expect(try await wait { lists(host).count > names.count })
        try await stop(host, instance)
        try await stop(host, other)
        #expect(try host.remains() == [])
    }
}
