// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import Sandbox
import Testing

extension SandboxOnThisKernel {
    /// The layers of a function over those of its image.
    @Suite(.serialized) struct LayerRootTests {
        /// Puts a tree in place by hand.
        private func tree(_ host: LauncherFixture, _ byte: UInt8, _ files: [String: String]) throws -> Digest {
            let digest = Digest(bytes: [UInt8](repeating: byte, count: 32))
            for (path, text) in files {
                let place = URL(fileURLWithPath: "\(host.folder)/layers/\(digest.hex)/opt/\(path)")
                try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: place)
            }
            return digest
        }

        /// What an image may have where the layers go.
        enum ImageOpt: String, CaseIterable {
            case nothing, folder, file, linkOut, linkToRoot, linkToTemporary, danglingLink

            func make(in layer: String) throws {
                let opt = layer + "/opt"
                switch self {
                case .nothing: break
                case .folder:
                    try FileManager.default.createDirectory(atPath: opt, withIntermediateDirectories: true)
                    try Data("image's\n".utf8).write(to: URL(fileURLWithPath: opt + "/own"))
                case .file: try Data("file\n".utf8).write(to: URL(fileURLWithPath: opt))
                case .linkOut: try FileManager.default.createSymbolicLink(atPath: opt, withDestinationPath: "../../../../../etc")
                case .linkToRoot: try FileManager.default.createSymbolicLink(atPath: opt, withDestinationPath: "/")
                case .linkToTemporary: try FileManager.default.createSymbolicLink(atPath: opt, withDestinationPath: "/tmp/x")
                case .danglingLink: try FileManager.default.createSymbolicLink(atPath: opt, withDestinationPath: "/no/where")
                }
            }
        }

        @Test("layers are at /opt whatever the image has there, and a later one lies over an earlier one", arguments: ImageOpt.allCases)
        func merge(_ image: ImageOpt) async throws {
            let host = try LauncherFixture { try image.make(in: $0) }
            let first = try tree(host, 1, ["same": "first\n", "only-first": "1\n", "python/a": "first\n"])
            let second = try tree(host, 2, ["same": "second\n", "python/b": "second\n"])
            let output = try await host.output(
                ["cat", "/opt/same", "cat", "/opt/only-first", "cat", "/opt/python/a", "cat", "/opt/python/b", "list", "/opt"]
            ) { $0.layers += [first, second] }
            #expect(output.hasPrefix("second\n1\nfirst\nsecond\n"), "\(output)")
            #expect(output.contains("own") == (image == .folder))
            let other = try await host.output(["cat", "/opt/same"]) { $0.layers += [second, first] }
            #expect(other == "first\n")
        }

        @Test func aLayerCannotBeWritten() async throws {
            let host = try LauncherFixture()
            let layer = try tree(host, 1, ["file": "as it was\n"])
            let seen = try await host.output(["calls"]) { $0.layers.append(layer) }
            #expect(seen.contains("write-root=EROFS"))
            let file = "\(host.folder)/layers/\(layer.hex)/opt/file"
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "as it was\n")
        }

        @Test("a removed layer stays for the instances that have it, and its files go with the last of them")
        func removedWhileInUse() async throws {
            let host = try LauncherFixture()
            let layer = try tree(host, 1, ["file": "still here\n"])
            let trash = host.folder + "/layers/.trash"
            let instance = host.start(["listen", "9000", "pause"]) { $0.layers.append(layer) }
            try await instance.listening()
            try await host.client.remove(layer)
            #expect(try await host.client.layers() == [host.layer])
            // The launcher is asked for something else, so that it has had quiet moments.
            for _ in 0..<20 { #expect(try await host.output(["hostname"]).hasPrefix("instance-")) }
            let kept = try FileManager.default.contentsOfDirectory(atPath: trash)
            let text = try String(contentsOfFile: "\(trash)/\(try #require(kept.first))/opt/file", encoding: .utf8)
            #expect(text == "still here\n")
            host.client.stop(instance.spec.id, grace: .zero)
            _ = try await instance.end()
            for _ in 0..<5000 where try !FileManager.default.contentsOfDirectory(atPath: trash).isEmpty {
                try await Task.sleep(for: .milliseconds(1))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: trash).isEmpty)
        }
    }
}
