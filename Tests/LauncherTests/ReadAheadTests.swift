// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import LinuxSystem
import Sandbox
import Testing

extension SandboxOnThisKernel {
    @Suite(.serialized) struct ReadAheadTests {
        struct NoList: Error {}

        let large = 4 << 20

        func write(_ path: String, bytes: Int) throws {
            try FileManager.default.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data(repeating: 7, count: bytes).write(to: URL(fileURLWithPath: path))
        }

        func layer(_ host: LauncherFixture) -> String { "\(host.folder)/layers/\(host.layer.hex)" }

        /// How many pages of a file are in memory.
        func resident(_ path: String) throws -> Int {
            let file = try openAt(currentDirectory, path, flags: O_RDONLY)
            var status = stat()
            fstat(file.number, &status)
            let memory = try #require(mmap(nil, Int(status.st_size), PROT_READ, MAP_SHARED, file.number, 0))
            defer { munmap(memory, Int(status.st_size)) }
            var pages = [UInt8](repeating: 0, count: (Int(status.st_size) + 4095) / 4096)
            #expect(mincore(memory, Int(status.st_size), &pages) == 0)
            return pages.count { $0 & 1 != 0 }
        }

        /// Has the page cache lose a file.
        func forget(_ path: String) throws {
            for _ in 0..<100 where try resident(path) > 0 {
                let file = try openAt(currentDirectory, path, flags: O_RDONLY)
                fsync(file.number)
                posix_fadvise(file.number, 0, 0, CInt(POSIX_FADV_DONTNEED))
                usleep(1000)
            }
            #expect(try resident(path) == 0)
        }

        func lists(_ host: LauncherFixture) -> [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: host.folder + "/reads"))?.filter { !$0.hasPrefix(".") } ?? []
        }

        func wait(seconds: Double = 20, _ condition: () throws -> Bool) async throws -> Bool {
            let deadline = Date().addingTimeInterval(seconds)
            while Date() < deadline {
                if try condition() { return true }
                try await Task.sleep(for: .milliseconds(2))
            }
            return false
        }

        func list(_ host: LauncherFixture, lists count: Int = 1) async throws -> String {
            guard try await wait({ lists(host).count >= count }) else { throw NoList() }
            return try String(contentsOfFile: "\(host.folder)/reads/\(lists(host)[0])", encoding: .utf8)
        }

        /// A start from which the list is made.
        func record(_ host: LauncherFixture, _ arguments: [String], lists count: Int = 1) async throws -> String {
            try await loaded(host)
            let instance = host.start(arguments)
            try await instance.listening()
            let list = try await list(host, lists: count)
            try await stop(host, instance)
            return list
        }

        func stop(_ host: LauncherFixture, _ instance: RunningInstance) async throws {
            host.client.stop(instance.spec.id, grace: .zero)
            _ = try await instance.end()
        }

        func helper(of host: LauncherFixture) throws -> pid_t { try #require(try child(of: host)) }

        func child(of host: LauncherFixture) throws -> pid_t? {
            let children = try String(contentsOfFile: "/proc/\(host.process)/task/\(host.process)/children", encoding: .utf8)
            return children.split(separator: " ").compactMap { pid_t($0) }.first {
                (try? String(contentsOfFile: "/proc/\($0)/comm", encoding: .utf8)) == "swiftlet-ahead\n"
            }
        }

        @Test(arguments: [false, true]) func whatAProgramHasReadIsReadAheadOfTheNextOne(isParked: Bool) async throws {
            let host = try LauncherFixture { try write($0 + "/data/large", bytes: large) }
            let arguments = ["read", "/data/large", "serve", "9000"]
            let list = try await record(host, arguments)
            #expect(list.contains("file 0 0+\(large) data/large\n") && list.contains(" bin/probe\n"), "\(list)")
            let path = layer(host) + "/data/large"
            let instance: RunningInstance
            if isParked {
                let spec = host.spec(arguments) { $0.environment.append("SKIP=1") }
                let parking = ParkTests.Parking()
                host.client.park(spec) { parking.tell($0) }
                try await parking.wait(for: true)
                try forget(path)
                #expect(try resident(path) == 0)
                instance = ParkTests().start(host, spec)
            } else {
                try forget(path)
                instance = host.start(arguments) { $0.environment.append("SKIP=1") }
            }
            try await instance.listening()
            #expect(try await wait { try resident(path) == large / 4096 })
            try await stop(host, instance)
            #expect(try host.remains() == [])
        }

        /// There are sixteen recordings at one time, and a parked instance may wait for hours.
        @Test func parkedInstancesHoldNoRecording() async throws {
            let host = try LauncherFixture { try write($0 + "/data/large", bytes: large) }
            try await loaded(host)
            for number in 0..<16 { _ = try await ParkTests().park(host, ["serve", "\(9100 + number)"]) }
            let spec = try await ParkTests().park(host, ["read", "/data/large", "serve", "9000"])
            let parked = ParkTests().start(host, spec)
            try await parked.listening()
            #expect(try await record(host, ["read", "/data/large", "serve", "9000"]).contains(" data/large\n"))
            try await stop(host, parked)
        }

        @Test func aProgramThatEndsAsSoonAsItListensHasAListToo() async throws {
            let host = try LauncherFixture { try write($0 + "/data/large", bytes: large) }
            try await loaded(host)
            let instance = host.start(["read", "/data/large", "serve", "9000"])
            try await instance.listening()
            try await stop(host, instance)
            #expect(try await list(host).contains(" data/large\n"))
        }

        @Test func ofALargeMappedFileOnlyWhatWasTouchedIsListed() async throws {
            let host = try LauncherFixture {
                try write($0 + "/data/large", bytes: large)
                try write($0 + "/data/mapped", bytes: large)
            }
            let list = try await record(host, ["read", "/data/large", "map-page", "/data/mapped", "512", "serve", "9000"])
            let line = try #require(list.split(separator: "\n").first { $0.hasSuffix(" data/mapped") })
            let numbers = line.split(separator: " ")[2].split(separator: "+").compactMap { Int($0) }
            #expect(
                numbers.count == 2 && numbers[0] <= 512 * 4096 && numbers[0] + numbers[1] > 512 * 4096 && numbers[1] <= 256 << 10, "\(line)"
            )
        }

        @Test func whatReadsLittleIsNotReadAheadAndNotRecordedAgain() async throws {
            let host = try LauncherFixture()
            let list = try await record(host, ["serve", "9000"])
            #expect(!list.contains("file") && list.hasSuffix("end\n"))
            let before =
                try FileManager.default.attributesOfItem(atPath: "\(host.folder)/reads/\(lists(host)[0])")[.modificationDate] as? Date
            let instance = host.start(["serve", "9000"])
            try await instance.listening()
            try await Task.sleep(for: .milliseconds(900))
            let after =
                try FileManager.default.attributesOfItem(atPath: "\(host.folder)/reads/\(lists(host)[0])")[.modificationDate] as? Date
            #expect(before != nil && before == after)
            try await stop(host, instance)
        }

        /// An image may have any names, and a list could be anything if somebody else had written it.
        @Test func nothingOutsideOfTheLayersIsReadAndNothingButFiles() async throws {
            let secret = "/tmp/swiftlet-secret-\(getpid())"
            try write(secret, bytes: large)
            defer { unlink(secret) }
            let folder = "/tmp/swiftlet-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
            let arguments = ["read", "/data/large", "serve", "9000"]
            let layer: String
            let name: String
            do {
                let host = try LauncherFixture(folder: folder) { place in
                    try write(place + "/data/large", bytes: large)
                    symlink(secret, place + "/link")
                    symlink("/tmp", place + "/folder")
                    mkfifo(place + "/fifo", 0o644)
                    mknod(place + "/device", S_IFCHR | 0o644, 0x1005)  // A tape that is not there; to open it would be told.
                }
                layer = self.layer(host)
                _ = try await record(host, arguments)
                name = try #require(lists(host).first)
                rename(folder, folder + "-kept")
            }
            rename(folder + "-kept", folder)
            let file = URL(fileURLWithPath: "\(folder)/reads/\(name)")
            let own = try String(contentsOf: file, encoding: .utf8)
            let hostile = ["link", "folder/\((secret as NSString).lastPathComponent)", "fifo", "device", "missing", "data"]
            let lines = hostile.map { "file 0 0+\(large) \($0)\n" }.joined()
            try own.replacing("file", with: lines + "file", maxReplacements: 1).write(to: file, atomically: true, encoding: .utf8)
            try forget(secret)
            try forget(layer + "/data/large")
            let host = try LauncherFixture(folder: folder)
            let instance = host.start(arguments) { $0.environment.append("SKIP=1") }
            try await instance.listening()
            #expect(try await wait { try resident(layer + "/data/large") == large / 4096 })
            #expect(try resident(secret) == 0)
            try await stop(host, instance)
        }

        @Test func aProgramThatOpensFilesWithoutEndHasAListWithinItsBounds() async throws {
            let host = try LauncherFixture { place in
                try write(place + "/data/large", bytes: large)
                try FileManager.default.createDirectory(atPath: place + "/many", withIntermediateDirectories: true)
                for number in 0..<6000 { _ = FileManager.default.createFile(atPath: "\(place)/many/\(number)", contents: Data([1])) }
            }
            let list = try await record(
                host, ["read", "/data/large", "read-all", "/many", "serve", "9000"])
            let count = list.split(separator: "\n").count { $0.hasPrefix("file") }
            #expect(count > 3000 && count <= ReadList.mostFiles)
        }

        /// The names of 4,096 files can have 16 MiB.
        @Test func aRecordingEndsWhereItsPathsFillAList() async throws {
            let (deep, count) = (Array(repeating: String(repeating: "d", count: 250), count: 14).joined(separator: "/"), 310)
            try #require(deep.utf8.count * count > ReadList.mostText)
            let host = try LauncherFixture { place in
                try write(place + "/data/large", bytes: large)
                for folder in [deep, "s"] {
                    try FileManager.default.createDirectory(atPath: "\(place)/\(folder)", withIntermediateDirectories: true)
                }
                for number in 0..<count {
                    let path = "\(place)/\(deep)/\(number)"
                    _ = FileManager.default.createFile(atPath: path, contents: nil)
                    truncate(path, 5000)  // A hole, which is in nobody's memory: such a file is not listed.
                    symlink("/\(deep)/\(number)", "\(place)/s/\(number)")
                }
            }
            let opens = (0..<count).flatMap { ["open", "/s/\($0)"] }
            let few = try await record(host, opens.suffix(20) + ["read", "/data/large", "serve", "9000"])
            #expect(few.contains(" data/large\n"))
            let before = lists(host)
            let instance = host.start(opens + ["read", "/data/large", "serve", "9000"])
            try await instance.listening()
            try #require(try await wait { lists(host).count == 2 })
            let name = try #require(lists(host).first { !before.contains($0) })
            #expect(try !String(contentsOfFile: "\(host.folder)/reads/\(name)", encoding: .utf8).contains("file"))
            try await stop(host, instance)
        }

        @Test func aListGoesWithItsLayer() async throws {
            let host = try LauncherFixture { try write($0 + "/data/large", bytes: large) }
            _ = try await record(host, ["read", "/data/large", "serve", "9000"])
            try await host.client.remove(host.layer)
            #expect(try await wait { lists(host).isEmpty })
        }

        /// Who deploys a program chooses its arguments; with them it must not be able to choose a list that is another's.
        @Test func aListIsNamedByTheDigestOfLayersAndArguments() async throws {
            let host = try LauncherFixture { try write($0 + "/data/large", bytes: large) }
            let arguments = ["read", "/data/large", "serve", "9000"]
            _ = try await record(host, arguments)
            let place = host.folder + "-identity"
            defer { unlink(place) }
            try Data(host.spec(arguments).programIdentity).write(to: URL(fileURLWithPath: place))
            let pipe = try LinuxSystem.Pipe()
            waitpid(try LauncherFixture.spawn(["/usr/bin/sha256sum", place], output: pipe.write.number), nil, 0)
            var name = [UInt8](repeating: 0, count: 64)
            #expect(read(pipe.read.number, &name, 64) == 64)
            #expect(lists(host) == [String(decoding: name, as: UTF8.self)])
        }

        /// What is read ahead counts for no function.
        @Test func noMoreIsReadForOneStartThanItsFunctionMayHaveOfMemory() async throws {
            let host = try LauncherFixture {
                try write($0 + "/data/large", bytes: 4 * large)
                try write($0 + "/data/other", bytes: large)
            }
            let (arguments, others) = (["read", "/data/large", "serve", "9000"], ["read", "/data/other", "serve", "9000"])
            _ = try await record(host, arguments)
            _ = try await record(host, others, lists: 2)
            let (path, other) = (layer(host) + "/data/large", layer(host) + "/data/other")
            try forget(path)
            try forget(other)
            let first = host.start(arguments) {
                $0.environment.append("SKIP=1")
                $0.limits.memory = UInt64(2 * large)
            }
            try await first.listening()
            #expect(try await wait { try resident(path) > 0 })
            // It follows one order after the other.
            let second = host.start(others) { $0.environment.append("SKIP=1") }
            try await second.listening()
            #expect(try await wait { try resident(other) == large / 4096 })
            #expect(try resident(path) <= 2 * large / 4096)
            try await stop(host, first)
            try await stop(host, second)
        }

        @Test func aSmallFileThatIsOpenedAndNotReadIsNotListed() async throws {
            let host = try LauncherFixture {
                try write($0 + "/data/large", bytes: large)
                for name in ["opened", "read"] { try write($0 + "/data/\(name)", bytes: 5000) }
            }
            for name in ["opened", "read"] { try forget(layer(host) + "/data/\(name)") }
            let list = try await record(host, ["read", "/data/large", "open", "/data/opened", "read", "/data/read", "serve", "9000"])
            #expect(list.contains(" data/read\n") && !list.contains(" data/opened\n"), "\(list)")
        }
    }
}
