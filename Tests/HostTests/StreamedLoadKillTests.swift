// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import RegistryFixtures
import TarFixtures
import Testing

extension HostTests {
    /// kill -9 while an archive is unpacked as it comes.
    @Suite struct StreamedLoadKillTests {
        /// A point of the upload, and what lies in the folder of layers once the host has taken all before it.
        struct Point: CustomStringConvertible {
            var bytes: Int
            var whole: Int
            var half: Int
            var description: String { "after \(bytes) bytes" }
        }

        /// An archive whose documents come first, made by umoci and tar, and the points in it.
        private func archive(_ scratch: Scratch) throws -> (path: String, points: [Point]) {
            let layout = scratch.path + "/layout"
            try runAll(["umoci", "init", "--layout", layout])
            try runAll(["umoci", "new", "--image", layout + ":x"])
            for number in 0..<2 {
                let folder = "\(scratch.path)/files\(number)"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
                for file in 0..<40 {
                    try runAll(["dd", "if=/dev/urandom", "of=\(folder)/\(file)", "bs=100k", "count=1", "status=none"])
                }
                try runAll(["umoci", "insert", "--image", layout + ":x", folder, "/files\(number)"])
            }
            func size(_ blob: String) throws -> Int {
                try FileManager.default.attributesOfItem(atPath: "\(layout)/blobs/sha256/\(blob)")[.size] as? Int ?? 0
            }
            let blobs = try FileManager.default.contentsOfDirectory(atPath: layout + "/blobs/sha256")
            let (small, large) = (try blobs.filter { try size($0) < 1 << 20 }, try blobs.filter { try size($0) >= 1 << 20 })
            let path = scratch.path + "/archive.tar"
            try runAll(["tar", "-C", layout, "-cf", path, "oci-layout", "index.json"] + (small + large).map { "blobs/sha256/\($0)" })
            let members = try runAll(["tar", "-tRf", path]).split(separator: "\n")
            let starts = try large.map { blob in
                let line = try #require(members.first { $0.hasSuffix(blob) })
                return try #require(Int(line.drop { !$0.isNumber }.prefix { $0.isNumber })) * 512 + 512
            }
            let (first, second) = (try size(large[0]), try size(large[1]))
            return (
                path,
                [
                    Point(bytes: 700, whole: 0, half: 0), Point(bytes: starts[0] + (1 << 20) + 100, whole: 0, half: 1),
                    Point(bytes: starts[0] + first / 2, whole: 0, half: 1), Point(bytes: starts[0] + first + 600, whole: 0, half: 1),
                    Point(bytes: starts[1] + (1 << 20) + 100, whole: 1, half: 1),
                    Point(bytes: starts[1] + second - 1000, whole: 1, half: 1),
                    Point(bytes: starts[1] + second + 512, whole: 1, half: 1),
                ]
            )
        }

        private func layers(_ state: String) throws -> Point {
            let names = try FileManager.default.contentsOfDirectory(atPath: state + "/layers")
            return Point(bytes: 0, whole: names.count { $0.count == 64 }, half: names.count { $0.hasPrefix(".tmp-") })
        }

        private func expectNothing(_ host: RunningHost, _ when: String) async throws {
            #expect(try await host.must("image", "list", "--json").contains(#""images":[]"#), "\(when)")
            for folder in ["layers", "data/tmp", "data/blobs/sha256"] {
                let left = try FileManager.default.contentsOfDirectory(atPath: "\(host.state)/\(folder)").filter { $0 != ".trash" }
                #expect(left.isEmpty, "\(when): \(folder) has \(left)")
            }
            let question = "import sqlite3, sys\nprint(*sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM layers').fetchone())"
            let known = try runAll(["python3", "-c", question, host.state + "/data/swiftlet.db"])
            #expect(known == "0\n", "\(when): the store has \(known) layers")
        }

        /// Sends the front of an archive and then waits.
        private func send(_ archive: String, _ point: Point, to host: RunningHost) throws -> ProcessHandle {
            try ProcessHandle(
                "/usr/bin/env",
                [
                    "SWIFTLET_HOST=\(host.url)", "/bin/sh", "-c", #"{ head -c "$1" "$2"; cat; } | "$3" image load - --name x:1"#, "sh",
                    "\(point.bytes)", archive, Checkout.swiftlet,
                ], takesInput: true)
        }

        @Test(
            "kill -9 of the launcher or of the daemon at many points leaves nothing, and the next load is whole", arguments: [true, false])
        func killed(isLauncher: Bool) async throws {
            let scratch = try Scratch()
            let (archive, points) = try archive(scratch)
            let state = "/tmp/swiftlet-host-\(UInt32.random(in: 0...UInt32.max))"
            var host = try await RunningHost.start(state)
            for point in points {
                let when = "\(isLauncher ? "launcher" : "daemon") \(point)"
                let upload = try send(archive, point, to: host)
                try await host.wait("the host has come as far as \(point)") {
                    let found = try layers(state)
                    return found.whole == point.whole && found.half == point.half
                }
                if isLauncher {
                    await host.end(SIGKILL)
                    try await host.wait("every process has ended") { Leftovers.processes(of: state).isEmpty }
                    host = try await RunningHost.start(state)
                } else {
                    let daemon = try #require(host.daemon)
                    kill(daemon, SIGKILL)
                    try await host.wait("the next daemon answers") {
                        guard let next = host.daemon, next != daemon else { return false }
                        return try await host.swiftlet("image", "list").status == 0
                    }
                }
                try upload.closeInput()
                try await host.wait("the client has ended") { upload.status != nil }
                #expect(upload.status != 0, "\(when): \(upload.printed)")
                try await expectNothing(host, when)
            }
            // What was half done is in nobody's way.
            #expect(try await host.must("image", "load", archive, "--name", "x:1").hasPrefix("x:1 "))
            let loaded = try layers(state)
            #expect(loaded.whole == 2 && loaded.half == 0)
            for number in 0..<2 {
                let found = try runAll(["find", state + "/layers", "-path", "*/files\(number)/*", "-type", "f", "-size", "100k"])
                #expect(found.split(separator: "\n").count == 40)
            }
            await host.stop()
            await Leftovers.expectNone(of: state)
            try FileManager.default.removeItem(atPath: state)
        }
    }
}
