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
                umount2(root, CInt(MNT_DETACH))
                try? FileManager.default.removeItem(atPath: folder)
            }
            try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
            // What is watched is a mount.
            try newMount("tmpfs", attributes: []).attach(at: currentDirectory, root)
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
            // What the kernel has put out of memory meanwhile would not be listed.
            for path in paths { _ = try Data(contentsOf: URL(fileURLWithPath: "\(layersFolder)/\(layers[0].hex)\(path)")) }
            let list = recording.list(LayerFiles(folder: folderOfAll.number))
            let most = FileRecording.mostLookups / layers.count
            #expect((most - 20...most).contains(list.files.count), "\(list.files.count)")
        }
    }
}
