// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import RegistryFixtures
import Synchronization
import TarFixtures
import Testing

extension HostTests {
    /// Images that do not fit: refused while they are unpacked, with room left for everything else, and nothing left of them.
    @Suite(.serialized) struct DiskRoomTests {
        /// Bytes of what the images are made of. A blob of it has less than a MiB: nothing on its way to the unpacker could notice how much comes out.
        private static let layer = 100 << 20

        /// An image made by umoci, as a layout: layers of many files that get more than a hundred times larger when they are unpacked.
        private func layout(_ scratch: Scratch, layers: Int) throws -> String {
            let layout = "\(scratch.path)/layout"
            try runAll(["umoci", "init", "--layout", layout])
            try runAll(["umoci", "new", "--image", layout + ":x"])
            var random = SystemRandomNumberGenerator()
            for number in 0..<layers {
                let folder = "\(scratch.path)/files\(number)"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
                for file in 0..<Self.layer >> 20 {
                    var bytes = Data(count: 1 << 20)
                    for place in 0..<2000 { bytes[place * 524] = UInt8.random(in: 0...255, using: &random) }
                    try bytes.write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
                }
                try runAll(["umoci", "insert", "--image", layout + ":x", folder, "/files\(number)"])
            }
            return layout
        }

        /// The least that is free on a disk while it watches.
        private final class Watch: Sendable {
            private let state = Mutex((least: Int.max, hasEnded: false))

            init(_ disk: String) {
                Thread.detachNewThread { [self] in
                    while !state.withLock({ $0.hasEnded }) {
                        let free = freeBytes(disk)
                        state.withLock { $0.least = min($0.least, free) }
                        usleep(500)
                    }
                }
            }

            func end() -> Int {
                state.withLock { state in
                    state.hasEnded = true
                    return state.least
                }
            }
        }

        private func expectNothing(in state: String) throws {
            for folder in ["layers", "data/tmp", "data/blobs/sha256"] {
                let left = try FileManager.default.contentsOfDirectory(atPath: "\(state)/\(folder)").filter { $0 != ".trash" }
                #expect(left.isEmpty, "\(folder) has \(left)")
            }
        }

        @Test("an image beyond the disk is refused before the disk is full, one layer or three at once", arguments: [2, 3])
        func disk(_ layers: Int) async throws {
            let (scratch, registry) = (try Scratch(), try TestRegistry())
            let image = try layout(scratch, layers: layers)
            try registry.push("oci:\(image):x", "large:1")
            let disk = "/tmp/swiftlet-disk-\(UInt32.random(in: 0...UInt32.max))"
            let room = (layers == 2 ? 150 : 250) << 20
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
            try runAll(["truncate", "-s", "\((256 << 20) + room)", scratch.path + "/disk"])
            try runAll(["mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", scratch.path + "/disk"])
            try runAll(["mount", "-o", "loop", scratch.path + "/disk", disk])
            let hello = try await SampleImages.shared.hello()
            try await RunningHost.with(on: disk + "/state") { host in
                for command in [["load", image, "--name", "large:1"], ["pull", "\(registry.address)/large:1", "--plain-http"]] {
                    let watch = Watch(disk)
                    let result = try await host.swiftlet(["image"] + command)
                    let least = watch.end()
                    #expect(result.status != 0 && result.err.contains("InsufficientStorage"), "\(command): \(result.err)")
                    #expect(
                        result.err.contains("entry 'files") && result.err.contains("must stay free")
                            && result.err.contains("image gc --all"), "\(command): \(result.err)")
                    // Several unpackers look at each MiB, and ext4 says a little late what it has given away.
                    #expect(least > 240 << 20, "\(command): \(least) bytes were free")
                    #expect(try await host.must("image", "list", "--json").contains(#""images":[]"#))
                    try await host.wait("what was unpacked is gone") { freeBytes(disk) > (256 << 20) + room * 3 / 4 }
                    try expectNothing(in: host.state)
                }
                try await host.must("image", "load", hello)
            }
            try runAll(["umount", disk])
            rmdir(disk)
        }

        @Test("an image beyond the quota is refused while its layers are unpacked, all of them counted together") func quota() async throws
        {
            let (scratch, registry) = (try Scratch(), try TestRegistry())
            let image = try layout(scratch, layers: 3)
            try registry.push("oci:\(image):x", "large:1")
            try await RunningHost.with(["--image-quota", "250MiB"]) { host in
                for command in [["load", image, "--name", "large:1"], ["pull", "\(registry.address)/large:1", "--plain-http"]] {
                    let result = try await host.swiftlet(["image"] + command)
                    #expect(result.status != 0 && result.err.contains("InsufficientStorage"), "\(command): \(result.err)")
                    #expect(result.err.contains("entry 'files") && result.err.contains("--image-quota leaves"), "\(command): \(result.err)")
                    #expect(try await host.must("image", "list", "--json").contains(#""images":[]"#))
                    try await host.wait("nothing is left") {
                        try FileManager.default.contentsOfDirectory(atPath: host.state + "/layers") == [".trash"]
                    }
                    try expectNothing(in: host.state)
                }
                try await host.must("image", "load", try await SampleImages.shared.hello())
            }
            // With room for all three they come, and what they take is counted as before.
            try await RunningHost.with(["--image-quota", "350MiB"]) { host in
                try await host.must("image", "pull", "\(registry.address)/large:1", "--plain-http", "--keep-blobs")
                let refused = try await host.swiftlet("image", "load", image, "--name", "again:1", "--keep-blobs")
                #expect(refused.status == 0, "\(refused.err)")
            }
        }
    }
}

private func freeBytes(_ path: String) -> Int {
    var status = statvfs()
    return statvfs(path, &status) == 0 ? Int(status.f_bavail) * Int(status.f_frsize) : -1
}
