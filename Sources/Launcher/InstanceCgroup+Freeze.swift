// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// Instances that nobody calls may be kept from running. Source: cgroup-v2.rst, `cgroup.freeze`.
extension InstanceCgroup {
    func freeze() throws(SystemCallError) {
        let branch = try tree.freezer()
        if branch.controllers.isEmpty, !isInFreezer { try enterFreezer(branch) } else { try write("1", to: branch) }
        isInFreezer = true
    }

    func thaw() throws(SystemCallError) { try write("0", to: try tree.freezer()) }

    /// Instances are born in the hierarchies that limit them alone, since each one more costs a start time; those that are frozen join this one then.
    /// It is frozen before, so that what has joined makes no more processes.
    private func enterFreezer(_ branch: CgroupTree.Branch) throws(SystemCallError) {
        try makeDirectory(branch.folder.number, name, mode: 0o755)
        do throws(SystemCallError) {
            try write("1", to: branch)
            var joined: Set<[UInt8]> = []
            while true {
                let left = try processes().subtracting(joined)
                if left.isEmpty { return }
                for process in left {
                    do { try writeText(branch.folder.number, "\(name)/cgroup.procs", String(decoding: process, as: UTF8.self)) } catch
                        where error.errno == ESRCH
                    {}
                }
                joined.formUnion(left)
            }
        } catch {
            // Those that are in it must not stay as they are.
            try write("0", to: branch)
            isInFreezer = true
            throw error
        }
    }

    /// The numbers of all that is in it, as text.
    func processes() throws(SystemCallError) -> Set<[UInt8]> {
        let file = try openAt(tree.branches[0].folder.number, "\(name)/cgroup.procs", flags: O_RDONLY)
        return Set((try file.readAll(limit: 1 << 20) ?? []).split(separator: 10).map { Array($0) })
    }

    private func write(_ text: String, to branch: CgroupTree.Branch) throws(SystemCallError) {
        try writeText(branch.folder.number, "\(name)/cgroup.freeze", text)
    }
}
