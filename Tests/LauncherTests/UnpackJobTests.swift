// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import Sandbox
import Testing

extension SandboxOnThisKernel {
    /// The launcher's side of unpacking, with a stand-in that reports how it is confined.
    @Suite(.serialized) struct UnpackJobTests {
        let programs: String
        let host: LauncherFixture
        let diffID = Digest(hex: String(repeating: "c3", count: 32))!

        init() throws {
            programs = "/tmp/swiftlet-unpack-test-\(getpid())"
            if !FileManager.default.fileExists(atPath: programs) {
                try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
                atexit {
                    let programs = "/tmp/swiftlet-unpack-test-\(getpid())"
                    for name in ["swiftlet-launcher", "swiftlet-unpack"] { unlink(programs + "/" + name) }
                    rmdir(programs)
                }
                try FileManager.default.copyItem(
                    atPath: LauncherFixture.programs + "/swiftlet-launcher", toPath: programs + "/swiftlet-launcher")
                let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/unpacker.c"
                #expect(LauncherFixture.run("/usr/bin/gcc", ["-O1", "-static", "-w", "-o", programs + "/swiftlet-unpack", source]) == 0)
            }
            host = try LauncherFixture(
                folder: "/tmp/swiftlet-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))", launcher: programs + "/swiftlet-launcher")
        }

        func unpack(_ kind: String, _ digest: Digest? = nil) async throws -> UnpackedLayer {
            let path = host.folder + "-blob-\(UInt64.random(in: 0...UInt64.max))"
            try ("__" + kind).write(toFile: path, atomically: false, encoding: .utf8)
            let blob = open(path, O_RDONLY)
            defer {
                close(blob)
                unlink(path)
            }
            return try await host.client.unpack(digest ?? diffID, from: blob, offset: 2, length: 77, compression: .gzip)
        }

        func folders() throws -> Set<String> { Set(try FileManager.default.contentsOfDirectory(atPath: host.folder + "/layers")) }

        @Test func aLayerIsPutInPlaceByAnUnpackerThatSeesNothingElse() async throws {
            #expect(try await unpack("ok") == UnpackedLayer(entries: 1, bytes: 42))
            let path = "\(host.folder)/layers/\(diffID.hex)/report"
            let report = try String(contentsOfFile: path, encoding: .utf8)
            #expect(report == "args /layer 77 gzip \(diffID.hex)\nroot layer\nmount 1\npid 1\nfurther descriptors 0\neth0 0\n")
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.ownerAccountID] as? Int == 1234)
            #expect(attributes[.posixPermissions] as? Int == 0o4755)
            #expect(try await host.client.layers() == [host.layer, diffID])
            // Once more: the one in place is kept.
            let before = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
            _ = try await unpack("ok")
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int == before)
            try await host.client.remove(diffID)
            try await host.client.remove(diffID)
            #expect(try await host.client.layers() == [host.layer])
        }

        @Test func aRefusalComesBackInItsOwnWordsAndLeavesNothing() async throws {
            await #expect(throws: UnpackFailure(reason: "entry ../evil leaves the root")) { try await unpack("f") }
            await #expect { try await unpack("k") } throws: { "\($0)".hasPrefix("the unpacker was ended by signal ") }
            #expect(try folders() == [".trash", host.layer.hex])
        }

        @Test func aWordyUnpackerNeitherStallsNorFloods() async throws {
            do {
                _ = try await unpack("w")
                Issue.record("it succeeded")
            } catch let failure as UnpackFailure {
                #expect(failure.reason.hasSuffix("noise 99999"))
                #expect(failure.reason.utf8.count <= WireBounds.sentence)
            }
        }

        @Test func manyLayersAtOnceWaitTheirTurn() async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<40 {
                    let digest = Digest(bytes: Array(repeating: UInt8(number), count: 32))
                    group.addTask { _ = try await unpack("ok", digest) }
                }
                try await group.waitForAll()
            }
            #expect(try await host.client.layers().count == 41)
        }

        @Test func aBlobThatIsNoFileIsRefused() async throws {
            let null = open("/dev/zero", O_RDONLY)
            defer { close(null) }
            await #expect(throws: UnpackFailure(reason: "the blob is neither a regular file nor a pipe")) {
                try await host.client.unpack(diffID, from: null, offset: 0, length: 1, compression: .none)
            }
        }

        @Test func killNineWhileUnpackingLeavesNothingThatIsTakenForWhole() async throws {
            let digest = diffID
            let lost = Task { try await unpack("s", digest) }
            while try !folders().contains(where: { $0.hasPrefix(".tmp-") }) { try await Task.sleep(for: .milliseconds(1)) }
            kill(host.process, SIGKILL)
            await #expect(throws: UnpackFailure(reason: "the launcher has gone away")) { try await lost.value }
            let next = try LauncherFixture(folder: host.folder)
            #expect(try await next.client.layers() == [host.layer])
            #expect(try !folders().contains { $0.hasPrefix(".tmp-") })
        }
    }
}
