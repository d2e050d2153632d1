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
                    for name in ["launcher", "mold", "unpack", "inflate"] { unlink("\(programs)/swiftlet-\(name)") }
                    rmdir(programs)
                }
                for name in ["swiftlet-launcher", "swiftlet-mold"] {
                    try FileManager.default.copyItem(atPath: "\(LauncherFixture.programs)/\(name)", toPath: "\(programs)/\(name)")
                }
                let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures"
                #expect(
                    LauncherFixture.run(
                        "/usr/bin/gcc", ["-O1", "-static", "-w", "-o", programs + "/swiftlet-unpack", sources + "/unpacker.c"]) == 0)
                #expect(
                    LauncherFixture.run("/usr/bin/gcc", ["-O1", "-w", "-o", programs + "/swiftlet-inflate", sources + "/inflater.c"]) == 0)
            }
            host = try LauncherFixture(
                folder: "/tmp/swiftlet-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))", launcher: programs + "/swiftlet-launcher")
        }

        func unpack(
            _ kind: String, _ digest: Digest? = nil, compression: LayerCompression = .none, with client: LauncherClient? = nil
        ) async throws -> UnpackedLayer {
            let path = host.folder + "-blob-\(UInt64.random(in: 0...UInt64.max))"
            try ("__" + kind).write(toFile: path, atomically: false, encoding: .utf8)
            let blob = open(path, O_RDONLY)
            defer {
                close(blob)
                unlink(path)
            }
            return try await (client ?? host.client).unpack(digest ?? diffID, from: blob, offset: 2, length: 77, compression: compression)
        }

        func report(_ digest: Digest) throws -> [String] {
            try String(contentsOfFile: "\(host.folder)/layers/\(digest.hex)/report", encoding: .utf8).split(separator: "\n").map(
                String.init)
        }

        func folders() throws -> Set<String> { Set(try FileManager.default.contentsOfDirectory(atPath: host.folder + "/layers")) }

        @Test func aLayerIsPutInPlaceByAnUnpackerThatSeesNothingElse() async throws {
            #expect(try await unpack("ok") == UnpackedLayer(entries: 1, bytes: 42))
            let path = "\(host.folder)/layers/\(diffID.hex)/report"
            // Each line but the first fails where its defence is taken out: namespaces, Landlock, the filter, the mount's own flags, limits.
            #expect(
                try report(diffID) == [
                    "args /layer 77 plain \(diffID.hex)", "\(UnpackLimits())", "pid 1", "further descriptors 0", "root EACCES",
                    "beside EACCES", "mount EPERM", "socket EPERM", "process EPERM", "program EPERM", "device EACCES", "whiteout allowed",
                    "memory ENOMEM", "seconds 3600",
                ])
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

        /// Looked at from outside, since inside there is nothing to look with: the second line of defence behind what the report says.
        @Test("an unpacker's namespaces, capabilities and mounts, seen from outside") func seenFromOutside() async throws {
            let lost = Task { try await unpack("s") }
            let launcher = "/proc/\(host.process)"
            func children() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: launcher + "/task").flatMap { task in
                    // A thread may end while it is looked at.
                    String(decoding: FileManager.default.contents(atPath: "\(launcher)/task/\(task)/children") ?? Data(), as: UTF8.self)
                        .split(separator: " ").map(String.init)
                }
            }
            func name(_ pid: String) -> String {
                FileManager.default.contents(atPath: "/proc/\(pid)/cmdline").map { String(decoding: $0, as: UTF8.self) } ?? ""
            }
            var unpacker: String?
            for _ in 0..<20_000 where unpacker == nil {
                unpacker = try children().first { name($0).hasPrefix("swiftlet-unpack") }
                try await Task.sleep(for: .milliseconds(1))
            }
            let own = "/proc/\(try #require(unpacker))"
            for kind in ["net", "mnt", "pid", "ipc", "uts"] {
                let (inside, outside) = try (
                    FileManager.default.destinationOfSymbolicLink(atPath: "\(own)/ns/\(kind)"),
                    FileManager.default.destinationOfSymbolicLink(atPath: "\(launcher)/ns/\(kind)")
                )
                #expect(inside != outside, "\(kind)")
            }
            let status = try String(contentsOfFile: own + "/status", encoding: .utf8).split(separator: "\n").map {
                $0.replacing("\t", with: " ")
            }
            for line in ["CapEff: 000000008000001b", "CapBnd: 000000008000001b", "NoNewPrivs: 1", "Seccomp: 2"] {
                #expect(status.contains { $0 == line }, "\(line)")
            }
            let mounts = try String(contentsOfFile: own + "/mountinfo", encoding: .utf8).split(separator: "\n").map {
                $0.split(separator: " ")
            }
            #expect(mounts.map { $0[4] }.sorted() == ["/", "/layer"])
            #expect(mounts.allSatisfy { mount in ["nosuid", "nodev", "noexec"].allSatisfy { mount[5].contains($0) } })
            kill(host.process, SIGTERM)  // Nobody would remove the cgroups of one that is killed.
            await #expect(throws: UnpackFailure.self) { try await lost.value }
        }

        @Test func aRefusalComesBackInItsOwnWordsAndLeavesNothing() async throws {
            await #expect(throws: UnpackFailure(reason: "entry ../evil leaves the root")) { try await unpack("f") }
            await #expect { try await unpack("k") } throws: { "\($0)".hasPrefix("the unpacker was ended by signal ") }
            #expect(try folders() == [".trash", host.layer.hex])
        }

        @Test func anInflaterInFrontSeesNoFileAndIsNobody() async throws {
            _ = try await unpack("ok", compression: .gzip)
            #expect(
                try report(diffID) == [
                    "args 2 77 gzip", "user 65534 65534", "pid 1", "capabilities 0 0", "further descriptors 0", "passwords EACCES",
                    "root EACCES", "new file EACCES", "mount EPERM", "lending allowed", "memory ENOMEM",
                ])
        }

        @Test("the end of an inflater is the end of its layer only", arguments: ["k", "f", "F", "h"])
        func inflaterFails(_ kind: String) async throws {
            let expected = [
                "k": "the inflater was ended by signal 11", "f": "the gzip data is damaged", "F": "the tar is nonsense",
                "h": "the tar is nonsense",
            ]
            await #expect(throws: UnpackFailure(reason: expected[kind] ?? "")) { try await unpack(kind, compression: .zstd) }
            #expect(try folders() == [".trash", host.layer.hex])
            _ = try await unpack("ok")
        }

        /// Not stand-ins: what they need to start must be there in their confinement.
        @Test("the programs themselves unpack a compressed layer", arguments: [LayerCompression.gzip, .zstd])
        func realPrograms(_ compression: LayerCompression) async throws {
            let real = try LauncherFixture()
            let work = real.folder + "/work"
            let tool = compression == .gzip ? "gzip" : "zstd"
            let made = LauncherFixture.run(
                "/bin/sh",
                [
                    "-c",
                    "mkdir -p \(work)/tree/d && echo inside >\(work)/tree/d/file && tar cf \(work)/tar -C \(work)/tree . && \(tool) -q -c \(work)/tar >\(work)/blob && sha256sum \(work)/tar >\(work)/sum",
                ])
            #expect(made == 0)
            let digest = try #require(Digest(hex: String(try String(contentsOfFile: work + "/sum", encoding: .utf8).prefix(64))))
            let length = try #require(try FileManager.default.attributesOfItem(atPath: work + "/blob")[.size] as? UInt64)
            let blob = open(work + "/blob", O_RDONLY)
            defer { close(blob) }
            _ = try await real.client.unpack(digest, from: blob, offset: 0, length: length, compression: compression)
            #expect(try String(contentsOfFile: "\(real.folder)/layers/\(digest.hex)/d/file", encoding: .utf8) == "inside\n")
        }

        @Test func aLayerThatTakesTooLongIsEnded() async throws {
            var limits = UnpackLimits()
            try limits.set(.seconds, to: 1)
            let impatient = try LauncherFixture(
                folder: host.folder + "-impatient", launcher: programs + "/swiftlet-launcher", layerLimits: limits)
            await #expect {
                try await unpack("s", with: impatient.client)
            } throws: { "\($0)".hasPrefix("it was not unpacked within 1 seconds, which is the limit") }
            // One second may be short for this one as well, on a machine that is busy.
            var failures: [String] = []
            while failures.count < 20 {
                do {
                    _ = try await unpack("ok", with: impatient.client)
                    return
                } catch { failures.append("\(error)") }
            }
            Issue.record("\(failures)")
        }

        @Test func twoUnpackersOfOneLayerRaceAndOneLayerIsKept() async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<12 { group.addTask { _ = try await unpack("ok") } }
                try await group.waitForAll()
            }
            #expect(try folders() == [".trash", host.layer.hex, diffID.hex])
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
