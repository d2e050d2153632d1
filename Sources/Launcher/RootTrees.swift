// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// The read-only root of each set of layers, mounted once and copied into instances, which then share its page cache and its directory cache.
final class RootTrees {
    final class Root {
        let tree: Descriptor
        let layers: [Digest]
        fileprivate let place: String
        fileprivate var lastUse: UInt64 = 0
        private var users: [String: ImageUser] = [:]

        fileprivate init(tree: consuming Descriptor, layers: [Digest], place: String) {
            self.tree = tree
            self.layers = layers
            self.place = place
        }

        /// The ids for an image's USER. The files are opened as if this root were `/`, so no link of the image leads out of it.
        func user(_ text: String) throws -> ImageUser {
            if let known = users[text] { return known }
            let user = try ImageUser(text, passwd: try read("etc/passwd"), group: try read("etc/group"))
            users[text] = user
            return user
        }

        private func read(_ path: String) throws -> [UInt8] {
            do {
                let file = try openAt(tree.number, path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY, resolve: [.inRoot, .noMagicLinks])
                var status = stat()
                try systemCall("fstat") { fstat(file.number, &status) }
                guard status.st_mode & S_IFMT == S_IFREG else { throw WireError("the image's /\(path) is not a file") }
                guard let bytes = try file.readAll(limit: 1 << 20) else { throw WireError("the image's /\(path) is larger than 1 MiB") }
                return bytes
            } catch let error as SystemCallError where error.errno == ENOENT || error.errno == ENOTDIR { return [] }
        }
    }

    /// Enough for the images of one host that are called in turn; a root that is not here costs 0.03 ms and a cold directory cache.
    static let limit = 64

    private var roots: [[Digest]: Root] = [:]
    private var counter: UInt64 = 0
    private let layersFolder: Descriptor

    /// - Precondition: the working folder is `run`, beside `layers`.
    init(layersFolder: consuming Descriptor) throws(SystemCallError) {
        self.layersFolder = layersFolder
        try MountPoints.make()
    }

    /// - Parameter layers: lowest first; of a layer that comes twice the upper one counts, which gives the same tree.
    func root(for layers: [Digest]) throws -> Root {
        var seen: Set<Digest> = []
        let layers = Array(layers.reversed().filter { seen.insert($0).inserted }.reversed())
        counter += 1
        if let known = roots[layers] {
            known.lastUse = counter
            return known
        }
        for layer in layers where faccessat(layersFolder.number, layer.hex, F_OK, 0) != 0 {
            throw LaunchFailure(step: "layer \(layer) is not unpacked: load the image again", errno: 0)
        }
        if roots.count >= Self.limit, let oldest = roots.values.min(by: { $0.lastUse < $1.lastUse }) { try drop(oldest) }
        let place = "trees/root-\(counter)"
        try makeDirectory(currentDirectory, place, mode: 0o700)
        let lowers = ["points"] + layers.reversed().map { "../layers/\($0.hex)" }
        let root = Root(tree: try Self.mountOverlay(lowers, at: place), layers: layers, place: place)
        root.lastUse = counter
        roots[layers] = root
        return root
    }

    /// Forgets the roots that use a layer. Instances keep their copies.
    func forget(_ layer: Digest) throws(SystemCallError) {
        for root in Array(roots.values) where root.layers.contains(layer) { try drop(root) }
    }

    private func drop(_ root: Root) throws(SystemCallError) {
        roots[root.layers] = nil
        try detachMount(root.place)
        try removeDirectory(currentDirectory, root.place)
    }

    /// `lowerdir+` (Linux 6.7) has no limit of a page for all names and no characters to escape; older kernels take one joined option.
    private static func mountOverlay(_ lowers: [String], at place: String) throws(SystemCallError) -> Descriptor {
        let attributes: MountAttributes = [.readOnly, .noSetuid, .noDevices]
        do {
            let options = lowers.map { MountOption("lowerdir+", $0) } + [MountOption("userxattr")]
            let tree = try newMount("overlay", options: options, attributes: attributes)
            try tree.attach(at: currentDirectory, place)
            return tree
        } catch  where error.errno == EINVAL {
            let flags = UInt(MS_RDONLY) | UInt(MS_NOSUID) | UInt(MS_NODEV)
            try mount("overlay", on: place, type: "overlay", flags: flags, data: "userxattr,lowerdir=" + lowers.joined(separator: ":"))
            return try openAt(currentDirectory, place, flags: OpenFlags.path | O_DIRECTORY)
        }
    }
}
