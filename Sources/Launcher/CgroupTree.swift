// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// This host's part of the cgroup hierarchies: a folder `swiftlet-<hash of the state directory>` in each, and in it one for each instance.
final class CgroupTree {
    /// One hierarchy, with the controllers that it has for us.
    final class Branch {
        let folder: Descriptor
        let isUnified: Bool
        let controllers: [CgroupController]
        /// Limits memory and swap together; missing where the kernel does not account swap.
        let limitsSwap: Bool

        init(parent: borrowing Descriptor, name: String, isUnified: Bool, controllers: [CgroupController]) throws(SystemCallError) {
            try makeDirectory(parent.number, name, mode: 0o755)
            folder = try openDirectory(parent.number, name)
            self.isUnified = isUnified
            self.controllers = controllers
            limitsSwap = faccessat(folder.number, isUnified ? "memory.swap.max" : "memory.memsw.limit_in_bytes", W_OK, 0) == 0
        }
    }

    /// Folders of sandboxes that are nobody's yet.
    static let blankPrefix = "blank-"
    private var lastBlank = 0

    let branches: [Branch]
    private let layout: CgroupLayout
    private let name: String
    private var ownFreezer: Branch?
    /// Of instances that have ended.
    var left = LeftBehind<InstanceCgroup>()
    /// Nobody is to have these any more, and a dying process still held them when they were to be removed.
    var refused: [InstanceCgroup] = []

    /// - Parameter name: the folder in each hierarchy.
    init(layout: CgroupLayout, name: String) throws(SystemCallError) {
        var branches: [Branch] = []
        var byPath: [String: [CgroupController]] = [:]
        for (controller, path) in layout.v1 { byPath[path, default: []].append(controller) }
        for (path, controllers) in byPath {
            branches.append(
                try Branch(parent: try openDirectory(currentDirectory, path), name: name, isUnified: false, controllers: controllers))
        }
        if let v2 = layout.v2 {
            let controllers = v2.controllers.filter { layout.v1[$0] == nil }
            if !controllers.isEmpty {
                let root = try openDirectory(currentDirectory, v2.path)
                let words = controllers.map { "+\($0.rawValue)" }.joined(separator: " ")
                try writeText(root.number, "cgroup.subtree_control", words)
                let branch = try Branch(parent: root, name: name, isUnified: true, controllers: controllers)
                try writeText(branch.folder.number, "cgroup.subtree_control", words)
                branches.append(branch)
            }
        }
        self.branches = branches
        self.layout = layout
        self.name = name
        // What a killed launcher has left there.
        if !branches.contains(where: \.isUnified), let v2 = layout.v2, access("\(v2.path)/\(name)", F_OK) == 0 { _ = try freezer() }
    }

    /// Where instances are frozen: on the unified hierarchy, also where it has no other use. The freezer of v1 would keep SIGKILL from what is frozen, which
    /// would then outlive a launcher that is killed.
    ///
    /// - Throws: `SystemCallError` with ENOENT where the unified hierarchy is not mounted.
    func freezer() throws(SystemCallError) -> Branch {
        if let branch = branches.first(where: \.isUnified) ?? ownFreezer { return branch }
        guard let v2 = layout.v2 else { throw SystemCallError(call: "find a cgroup2 mount, which freezing needs", errno: ENOENT) }
        let branch = try Branch(parent: try openDirectory(currentDirectory, v2.path), name: name, isUnified: true, controllers: [])
        ownFreezer = branch
        return branch
    }

    /// The name of a sandbox that is nobody's.
    func newBlankName() -> String {
        lastBlank += 1
        return "\(Self.blankPrefix)\(lastBlank)"
    }

    /// Kills whatever a killed launcher left in its cgroups, and removes them.
    ///
    /// - Throws: `SystemCallError` with EBUSY where a process does not go within five seconds.
    func removeLeftovers() throws(SystemCallError) {
        let deadline = monotonicNanoseconds() + 5_000_000_000
        for branch in branches + (ownFreezer.map { [$0] } ?? []) {
            for name in try directoryEntries(branch.folder) where name.utf8.first == 99 || name.hasPrefix(Self.blankPrefix) {
                guard let folder = try? openDirectory(branch.folder.number, name) else { continue }  // A file, or gone.
                _ = consume folder
                while true {
                    do {
                        try removeDirectory(branch.folder.number, name)
                        break
                    } catch  where error.errno == EBUSY && monotonicNanoseconds() < deadline {
                        try CgroupTree.killAll(branch.folder.number, name)
                        usleep(1000)
                    }
                }
            }
        }
    }

    /// Removes the empty folders of this host at its orderly end.
    func removeRoots(layout: CgroupLayout, name: String) throws(SystemCallError) {
        for path in Set(layout.v1.values).union([layout.v2?.path].compactMap { $0 }) {
            do { try systemCall("rmdir \(path)/\(name)") { rmdir("\(path)/\(name)") } } catch  where error.errno == ENOENT {}
        }
    }

    private static func killAll(_ directory: CInt, _ name: String) throws(SystemCallError) {
        let file = try openAt(directory, "\(name)/cgroup.procs", flags: O_RDONLY)
        guard let bytes = try file.readAll(limit: 1 << 20) else { return }
        for line in bytes.split(separator: 10) {
            if let pid = CInt(String(decoding: line, as: UTF8.self)), pid > 1 { kill(pid, SIGKILL) }
        }
    }
}

/// Writes one value into a file of a cgroup, in one call.
func writeText(_ directory: CInt, _ name: String, _ text: String) throws(SystemCallError) {
    let file = Descriptor(owning: try systemCall("open \(name)") { openat(directory, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW) })
    try systemCall("write \(name)") { text.withCString { write(file.number, $0, strlen($0)) } }
}
