// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// On v1 an instance has a folder in each of three hierarchies, and they are a third of the launcher's work for a start. So the next instance of an owner gets those
/// of one that has ended: they have no process, the same limits, and a new name. What the memory controller still counts there is cache that goes when
/// it is needed. Folders of the unified hierarchy keep their name for ever, and are made anew.
extension CgroupTree {
    /// An id comes again where the instance that had it has ended before the daemon heard of that: a parked one, whose start is then made as any other. The
    /// folders that lie under it, for the next of their owner or because a dying process holds them, are not for whoever comes by the id: they go, or get
    /// another name until they can.
    func makeFree(_ id: InstanceID) throws(SystemCallError) {
        for one in left.remove(where: { $0.name == id.text }) where try !one.remove() { refused.append(one) }
        for one in refused where one.name == id.text { try one.setAside() }
    }

    func take(for spec: InstanceSpec) throws(SystemCallError) -> InstanceCgroup {
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
