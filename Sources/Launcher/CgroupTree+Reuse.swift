// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// On v1 an instance has a folder in each of three hierarchies, and they are a third of the launcher's work for a start. So the next instance of an owner gets those
/// of one that has ended: they have no process, the same limits, and a new name. What the memory controller still counts there is cache that goes when
/// it is needed. Folders of the unified hierarchy keep their name for ever, and are made anew.
extension CgroupTree {
    func take(for spec: InstanceSpec) throws(SystemCallError) -> InstanceCgroup {
        // Ids come once; one that comes again must not get at folders that lie ready under it.
        if left.contains(where: { $0.name == spec.id.text }) || refused.contains(where: { $0.name == spec.id.text }) {
            throw SystemCallError(call: "mkdir cgroup", errno: EEXIST)
        }
        if let one = try left.take(by: spec.owner, where: { $0.limits == spec.limits }) {
            try one.begin(again: spec.id)
            return one
        }
        return try InstanceCgroup(tree: self, id: spec.id, limits: spec.limits)
    }

    /// - Returns: false where it is of no more use.
    func giveBack(_ cgroup: InstanceCgroup, of owner: String) throws(SystemCallError) -> Bool {
        guard !owner.isEmpty, cgroup.isLikeNew, !branches.contains(where: \.isUnified) else { return false }
        if let oldest = left.add(cgroup, of: owner), try !oldest.remove() { refused.append(oldest) }
        return true
    }

    /// - Returns: whether none is left that was to go.
    @discardableResult func dropLeft(at now: UInt64) throws(SystemCallError) -> Bool {
        let due = refused + left.expired(at: now)
        refused = []
        for one in due where try !one.remove() { refused.append(one) }
        return refused.isEmpty
    }
}
