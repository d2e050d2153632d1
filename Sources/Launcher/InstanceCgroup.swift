// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// The cgroups of one instance, one in each hierarchy.
final class InstanceCgroup {
    let tree: CgroupTree
    private(set) var name: String
    /// It has a folder where instances are frozen, besides those that it was born in.
    var isInFreezer = false
    /// nil until it is known whose they are.
    private(set) var limits: InstanceLimits?
    private var isProcessorLimited = false
    private var wasOutOfMemory = false
    /// Files that a process joins by: `tasks` on v1, where writing `cgroup.procs` waits for a grace period of milliseconds.
    private(set) var tasks: [String: Descriptor.Box] = [:]
    /// The folder that clone3 lets the child be born in, on v2.
    private(set) var birthplace: Descriptor.Box?

    /// Makes the folders and sets every limit but the processor's, which would slow the start down; see ``limitProcessor()``.
    convenience init(tree: CgroupTree, id: InstanceID, limits: InstanceLimits) throws(SystemCallError) {
        try self.init(tree: tree, name: id.text)
        do { try set(limits) } catch {
            _ = try? remove()  // The first failure is the one to tell.
            throw error
        }
    }

    /// Makes the folders, for an instance of which nothing is known yet.
    init(tree: CgroupTree, name: String) throws(SystemCallError) {
        self.tree = tree
        self.name = name
        do { for branch in tree.branches { try make(branch) } } catch {
            _ = try? remove()  // The first failure is the one to tell.
            throw error
        }
    }

    private func make(_ branch: CgroupTree.Branch) throws(SystemCallError) {
        try systemCall("mkdir cgroup") { mkdirat(branch.folder.number, name, 0o755) }
        if branch.isUnified {
            birthplace = Descriptor.Box(try openAt(branch.folder.number, name, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
        } else {
            try openTasks(branch)
        }
    }

    private func set(_ limits: InstanceLimits) throws(SystemCallError) {
        self.limits = limits
        for branch in tree.branches {
            let folder = try openAt(branch.folder.number, name, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            for controller in branch.controllers { try set(limits, controller, branch, folder.number) }
        }
    }

    private func set(
        _ limits: InstanceLimits, _ controller: CgroupController, _ branch: CgroupTree.Branch, _ directory: CInt
    ) throws(SystemCallError) {
        switch controller {
        case .memory:
            try writeText(directory, branch.isUnified ? "memory.max" : "memory.limit_in_bytes", "\(limits.memory)")
            if branch.limitsSwap {
                try writeText(
                    directory, branch.isUnified ? "memory.swap.max" : "memory.memsw.limit_in_bytes",
                    branch.isUnified ? "0" : "\(limits.memory)")
            }
            if branch.isUnified { try writeText(directory, "memory.oom.group", "1") }
        // One more than the function may have, for init.
        case .pids: try writeText(directory, "pids.max", "\(UInt64(limits.processes) + 1)")
        case .cpu:
            let share = branch.isUnified ? max(1, min(10_000, limits.milliCPU / 10)) : max(2, min(262_144, limits.milliCPU * 1024 / 1000))
            try writeText(directory, branch.isUnified ? "cpu.weight" : "cpu.shares", "\(share)")
        }
    }

    private func openTasks(_ branch: CgroupTree.Branch) throws(SystemCallError) {
        let file = try systemCall("open tasks") { openat(branch.folder.number, "\(name)/tasks", O_WRONLY | O_CLOEXEC) }
        tasks[branch.controllers[0].rawValue] = Descriptor.Box(Descriptor(owning: file))
    }

    /// Whether another instance with the same limits may have it: whatever was counted here does not matter to that.
    var isLikeNew: Bool { !isInFreezer && !wasOutOfMemory }

    /// Takes another instance in, under its name. On v1 only, where folders can be renamed.
    func begin(again id: InstanceID) throws(SystemCallError) {
        do {
            try rename(to: id.text)
            if isProcessorLimited { try setQuota("-1") }
            isProcessorLimited = false
            for branch in tree.branches { try openTasks(branch) }
        } catch {
            _ = try? remove()  // The first failure is the one to tell.
            throw error
        }
    }

    /// It is known now whose they are. The process is in them already, so that on v2, where a folder keeps its name, the instance has them under another one.
    func become(_ id: InstanceID, limits: InstanceLimits) throws(SystemCallError) {
        if canBeRenamed { try rename(to: id.text) }
        try set(limits)
    }

    /// It is to be nobody's any more, and its id somebody's, perhaps before all that is in it has gone. In a hierarchy that lacks it already nothing is in the way.
    func setAside() throws(SystemCallError) {
        if canBeRenamed, !name.hasPrefix(CgroupTree.blankPrefix) { try rename(to: tree.newBlankName(), whereItIs: true) }
    }

    private var canBeRenamed: Bool { !tree.branches.contains(where: \.isUnified) }

    /// In all hierarchies or in none.
    private func rename(to new: String, whereItIs: Bool = false) throws(SystemCallError) {
        var renamed: [CgroupTree.Branch] = []
        do {
            for branch in tree.branches {
                do { try LinuxSystem.rename(branch.folder.number, name, to: branch.folder.number, new) } catch
                    where whereItIs && error.errno == ENOENT
                { continue }
                renamed.append(branch)
            }
        } catch {
            // The first failure is the one to tell.
            for branch in renamed { _ = try? LinuxSystem.rename(branch.folder.number, new, to: branch.folder.number, name) }
            throw error
        }
        name = new
    }

    /// The files are needed only until the child has joined.
    func closeFiles() {
        tasks = [:]
        birthplace = nil
    }

    /// Holds the instance to its share of the processors from now on. It is called when the program listens, or after a while: a start that is
    /// throttled to a third of a processor takes three times as long, and the request that waits for it is the user's.
    func limitProcessor() throws(SystemCallError) {
        guard let limits else { return }
        let period: UInt64 = 100_000
        isProcessorLimited = true
        try setQuota("\(max(1000, UInt64(limits.milliCPU) * period / 1000))", period: " \(period)")
    }

    private func setQuota(_ quota: String, period: String = "") throws(SystemCallError) {
        for branch in tree.branches where branch.controllers.contains(.cpu) {
            if branch.isUnified {
                try writeText(branch.folder.number, "\(name)/cpu.max", quota + period)
            } else {
                try writeText(branch.folder.number, "\(name)/cpu.cfs_quota_us", quota)
            }
        }
    }

    /// How many processes the kernel has killed here for want of memory.
    func outOfMemoryKills() -> Int {
        for branch in tree.branches where branch.controllers.contains(.memory) {
            let file = branch.isUnified ? "memory.events" : "memory.oom_control"
            guard let descriptor = try? openAt(branch.folder.number, "\(name)/\(file)", flags: O_RDONLY),
                let bytes = try? descriptor.readAll(limit: 4096)
            else { return 0 }  // The folder is gone: nobody can tell any more.
            let kills = MemoryEvents.outOfMemoryKills(String(decoding: bytes, as: UTF8.self))
            wasOutOfMemory = wasOutOfMemory || kills > 0
            return kills
        }
        return 0
    }

    /// - Returns: false where a dying process still holds one; try again soon.
    func remove() throws(SystemCallError) -> Bool {
        closeFiles()
        var gone = true
        let freezer = isInFreezer ? try tree.freezer() : nil
        for branch in tree.branches + (freezer.map { $0.controllers.isEmpty ? [$0] : [] } ?? []) {
            do { try removeDirectory(branch.folder.number, name) } catch  where error.errno == EBUSY { gone = false }
        }
        return gone
    }
}

/// The kernel's words about memory. Sources: cgroup-v1/memory.rst (`memory.oom_control`), cgroup-v2.rst (`memory.events`).
enum MemoryEvents {
    static func outOfMemoryKills(_ text: String) -> Int {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == "oom_kill", let count = Int(words[1]) { return count }
        }
        return 0
    }
}
