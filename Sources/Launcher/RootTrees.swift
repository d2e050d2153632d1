// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// The read-only root of each set of layers, mounted once. Instances without ids of their own get copies of it; for the others it is where names
/// of users are looked up, and they get the layers themselves, whose files then belong to their ids. The page cache is shared in either way.
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
    private let points: Descriptor
    /// Whether overlay takes its layers one by one, which it has since Linux 6.7.
    private var takesOneByOne = true
    /// How many places for layers there are below `lower`.
    private var places = 0

    /// - Precondition: the working folder is `run`, beside `layers`.
    init(layersFolder: consuming Descriptor) throws(SystemCallError) {
        self.layersFolder = layersFolder
        try MountPoints.make()
        points = try openDirectory(currentDirectory, "points")
        try makeDirectory(currentDirectory, "lower", mode: 0o700)
    }

    /// Whether this kernel and the file system of the state directory can show layers with an instance's own ids.
    func canMapOwners(to users: UserNamespace) throws(SystemCallError) -> Bool {
        do {
            try cloneTree(points.number, "").mapOwners(to: users.descriptor.number)
            return true
        } catch  where error.errno == EINVAL || error.errno == ENOSYS || error.errno == EPERM { return false }
    }

    /// The layers of a root, topmost first, with every file owned by an instance's ids.
    func layers(of root: Root, for users: UserNamespace) throws(SystemCallError) -> [Descriptor.Box] {
        var trees = [Descriptor.Box(try cloneTree(points.number, ""))]
        for layer in root.layers.reversed() { trees.append(Descriptor.Box(try cloneTree(layersFolder.number, layer.hex))) }
        for tree in trees { try tree.descriptor.mapOwners(to: users.descriptor.number) }
        while places < trees.count {
            try makeDirectory(currentDirectory, InstancePlan.layerPlace(places), mode: 0o700)
            places += 1
        }
        return trees
    }

    /// What an instance's `/` is made of.
    func instanceRoot(_ trees: [Descriptor.Box]) -> InstanceRoot { .layers(trees.map(\.number), oneByOne: takesOneByOne) }

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
        let root = Root(tree: try mountOverlay(lowers, at: place), layers: layers, place: place)
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

    private func mountOverlay(_ lowers: [String], at place: String) throws(SystemCallError) -> Descriptor {
        if takesOneByOne {
            do { return try newOverlay(lowers, at: place) } catch  where error.errno == EINVAL { takesOneByOne = false }
        }
        guard case .oldMount(let type, let options, let flags, _) = InstancePlan.overlay(lowers, at: place, oneByOne: false) else {
            preconditionFailure("an overlay in one option is a mount(2)")
        }
        try mount("overlay", on: place, type: type, flags: UInt(flags), data: options)
        return try openAt(currentDirectory, place, flags: OpenFlags.path | O_DIRECTORY)
    }

    private func newOverlay(_ lowers: [String], at place: String) throws(SystemCallError) -> Descriptor {
        guard case .newMount(let type, let options, let attributes, _) = InstancePlan.overlay(lowers, at: place, oneByOne: true) else {
            preconditionFailure("an overlay of single options is a new mount")
        }
        let tree = try newMount(type, options: options, attributes: attributes)
        try tree.attach(at: currentDirectory, place)
        return tree
    }
}
