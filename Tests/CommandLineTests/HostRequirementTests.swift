// SPDX-License-Identifier: Apache-2.0
import Testing
import swiftlet

@Suite struct HostRequirementTests {
    static let enough = HostFacts(
        isRoot: true, kernelRelease: "6.1.0-18-amd64", filesystems: ["ext4", "overlay", "tmpfs"],
        namespaces: ["cgroup", "ipc", "mnt", "net", "pid", "uts"], cgroupControllers: ["cpu", "memory", "pids"],
        seccompActions: ["allow", "user_notif"])

    @Test("a machine that has everything lacks nothing") func enough() { #expect(HostRequirements.missing(in: Self.enough).isEmpty) }

    @Test("each thing that is missing is named, with the way to get it") func namesEach() {
        func missing(_ change: (inout HostFacts) -> Void) -> String {
            var facts = Self.enough
            change(&facts)
            return HostRequirements.missing(in: facts).map(\.description).joined(separator: "\n")
        }
        #expect(missing { $0.isRoot = false }.contains("sudo"))
        #expect(missing { $0.kernelRelease = "5.10.0-28-amd64" }.contains("5.10.0-28-amd64"))
        #expect(missing { $0.kernelRelease = "garbage" }.contains("5.11"))
        #expect(missing { $0.kernelRelease = "5.11" }.isEmpty)
        #expect(missing { $0.filesystems.remove("overlay") }.contains("modprobe overlay"))
        #expect(missing { $0.namespaces.subtract(["net", "pid"]) }.contains("net, pid"))
        #expect(missing { $0.cgroupControllers.remove("memory") }.contains("cgroup_disable=memory"))
        #expect(missing { $0.cgroupControllers.remove("pids") }.contains("controller pids"))
        #expect(missing { $0.seccompActions = [] }.contains("seccomp"))
        let none = HostFacts(isRoot: false, kernelRelease: "", filesystems: [], namespaces: [], cgroupControllers: [], seccompActions: [])
        #expect(HostRequirements.missing(in: none).count == 8)
    }

    @Test("controllers are found where version 1 and version 2 are mounted side by side") func findsControllers() {
        let mounts = """
            31 24 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate
            33 24 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:11 - cgroup cgroup rw,cpu,cpuacct
            34 24 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
            35 24 0:31 / /proc rw - proc proc rw,pids
            """
        let found = HostFacts.cgroupControllers(mounts: mounts) {
            $0 == "/sys/fs/cgroup/unified/cgroup.controllers" ? "hugetlb pids\n" : ""
        }
        #expect(found.isSuperset(of: ["cpu", "memory", "pids", "hugetlb"]))
        #expect(HostFacts.cgroupControllers(mounts: String(mounts.split(separator: "\n")[3])) { _ in "" }.isEmpty)
    }
}
