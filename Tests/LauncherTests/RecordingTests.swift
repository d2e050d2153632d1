// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Launcher
import LinuxSystem
import Sandbox
import Testing

/// Pieces of reading ahead that no running host shows.
extension SandboxOnThisKernel {
    @Suite(.serialized) struct RecordingTests {
        /// Of a process that has ended the number may be another's, of which nobody is to hear.
        @Test func aNumberThatIsNoMoreAmongThoseMeantIsLeftOut() throws {
            let other = try LauncherFixture.spawn(["/bin/sleep", "60"])
            defer {
                kill(other, SIGKILL)
                waitpid(other, nil, 0)
            }
            let (own, strange) = (Array("\(getpid())".utf8), Array("\(other)".utf8))
            var asked = 0
            let files = try MappedFiles.open { () throws(SystemCallError) in
                asked += 1
                return asked == 1 ? [own, strange] : [own]
            }
            #expect(asked == 2 && files.count == 2)
            let maps = String(decoding: try #require(try files[0].descriptor.readAll(limit: 1 << 26)), as: UTF8.self)
            #expect(!maps.contains("/sleep"))
        }

        /// Whoever deploys an image says how many layers it has and how many files it opens.
        @Test func filesAreNotLookedForInLayersWithoutEnd() throws {
            let folder = "/tmp/swiftlet-recording-\(getpid())"
            let (root, layersFolder) = (folder + "/root", folder + "/layers")
            defer {
                for mount in [root, layersFolder] { umount2(mount, CInt(MNT_DETACH)) }
                try? FileManager.default.removeItem(atPath: folder)
            }
            try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
            // What is watched is a mount.
            try newMount("tmpfs", attributes: []).attach(at: currentDirectory, root)
            // And no kernel puts out of memory what lies in memory alone: it would not be listed.
            try FileManager.default.createDirectory(atPath: layersFolder, withIntermediateDirectories: true)
            try newMount("tmpfs", attributes: []).attach(at: currentDirectory, layersFolder)
            let layers = (0..<128).map { Digest(hex: String(repeating: String(format: "%02x", $0), count: 32))! }
            for layer in layers {
                try FileManager.default.createDirectory(atPath: "\(layersFolder)/\(layer.hex)", withIntermediateDirectories: true)
            }
            // All files lie in the lowest layer, which is looked at last.
            let lowest = "\(layersFolder)/\(layers[0].hex)\(root)"
            try FileManager.default.createDirectory(atPath: lowest, withIntermediateDirectories: true)
            let paths = (0..<400).map { "\(root)/f\($0)" }
            for path in paths {
                for place in [path, "\(layersFolder)/\(layers[0].hex)\(path)"] {
                    // A list of less than a megabyte is of no use.
                    try Data(count: 8192).write(to: URL(fileURLWithPath: place))
                }
            }
            let watched = Descriptor.Box(try openDirectory(currentDirectory, root))
            let group = try OpenedFiles.watch(watched.number)
            let recording = FileRecording(layers: layers, group: Descriptor.Box(group))
            for path in paths { close(open(path, O_RDONLY | O_CLOEXEC)) }
            #expect(recording.drain())
            let folderOfAll = Descriptor.Box(try openDirectory(currentDirectory, layersFolder))
            defer { withExtendedLifetime((watched, folderOfAll)) {} }
            let list = recording.list(LayerFiles(folder: folderOfAll.number))
            #expect(list.files.count == FileRecording.mostLookups / layers.count, "\(list.files.count)")
        }
    }
}
