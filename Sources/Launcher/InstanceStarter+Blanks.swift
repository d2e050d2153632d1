// SPDX-License-Identifier: Apache-2.0
import LinuxSystem
import Sandbox

/// Sandboxes that are made before it is known for whom: a start that none was parked for has only its own part of the steps to wait for. They are children
/// of the launcher as instances are, and end with it.
struct BlankSandboxes {
    var demand: BlankDemand
    var waiting: [Groundwork] = []
    /// Killed, and not gone yet.
    var ending: [Groundwork] = []

    init(most: Int) { demand = BlankDemand(most: most) }

    func isOff(at now: UInt64) -> Bool { waiting.count != demand.wanted(at: now) }
}

extension InstanceStarter {
    func groundwork(_ cgroup: () throws(SystemCallError) -> InstanceCgroup) throws(SystemCallError) -> Groundwork {
        let own = try users?.take()
        do throws(SystemCallError) {
            let (devices, empty) = (Descriptor.Box(try trees.cloneDevices()), Descriptor.Box(try trees.cloneEmptyFolder()))
            let cgroup = try cgroup()
            do throws(SystemCallError) {
                return try Groundwork(users: own, cgroup: cgroup, devices: devices, emptyFolder: empty, hidden: trees.hidden)
            } catch {
                _ = try cgroup.remove()
                throw error
            }
        } catch {
            if let own { users?.giveBack(own) }
            throw error
        }
    }

    /// Makes one more or one less, where there are too few or too many.
    func adjustBlanks(at now: UInt64) throws(SystemCallError) {
        guard blanks.isOff(at: now) else { return }
        if blanks.waiting.count > blanks.demand.wanted(at: now) { return try abandon(blanks.waiting.removeFirst()) }
        guard let mold else { return }
        let name = cgroups.newBlankName()
        let ground = try groundwork { () throws(SystemCallError) in try InstanceCgroup(tree: cgroups, name: name) }
        do {
            try mold.widen(ground.status.number)
            let program = StepProgram(ground.steps + InstancePlan.waiting, filter: filters.standard)
            ground.beBorn(
                try program.spawn(
                    namespaces: InstancePlan.namespaces, cgroup: ground.cgroup.birthplace?.number ?? -1,
                    status: ground.childStatus?.number ?? -1, from: mold))
        } catch {
            try abandon(ground)
            throw error
        }
        blanks.waiting.append(ground)
    }

    /// One that waits, with the limits of an instance and its name; nil where none can be had, which is no error: whatever is amiss, a start
    /// without one does without it, or tells of it.
    func takeBlank(for spec: InstanceSpec) throws(SystemCallError) -> Groundwork? {
        while let blank = blanks.waiting.popLast() {
            if try blank.reap() {
                try loseBlank(blank, try blank.failure() ?? "it was killed")
                continue
            }
            do {
                try blank.cgroup.become(spec.id, limits: spec.limits)
                return blank
            } catch {
                try loseBlank(blank, "\(error)")
                return nil
            }
        }
        return nil
    }

    /// One that was made ahead of need is of no use.
    func loseBlank(_ blank: Groundwork, _ reason: String) throws(SystemCallError) {
        writeToStandardError("swiftlet-launcher: a sandbox that was made ahead of need is lost: \(reason)")
        try abandon(blank)
    }

    /// Nobody is to have it, and its id may be another's at once.
    func abandon(_ ground: Groundwork) throws(SystemCallError) {
        do { try ground.cgroup.setAside() } catch {
            writeToStandardError("swiftlet-launcher: the cgroup of what did not start keeps its name until it is gone: \(error)")
        }
        try ground.kill()
        blanks.ending.append(ground)
        tidyBlanks()
    }

    /// Lets go what ended ones had. A process leaves its cgroup a moment after its end can be seen. What cannot be let go stays until the next start: no
    /// instance is to end for it.
    func tidyBlanks() {
        let ending = blanks.ending
        blanks.ending = []
        for ground in ending {
            do {
                guard try ground.reap(), try ground.cgroup.remove() else {
                    blanks.ending.append(ground)
                    continue
                }
                if let own = ground.users { users?.giveBack(own) }
            } catch { writeToStandardError("swiftlet-launcher: what a sandbox had that nobody took stays until the next start: \(error)") }
        }
    }

    /// The launcher ends.
    func dropBlanks() throws(SystemCallError) {
        for blank in blanks.waiting { try blank.kill() }
        blanks.ending += blanks.waiting
        blanks.waiting = []
        tidyBlanks()
    }
}
