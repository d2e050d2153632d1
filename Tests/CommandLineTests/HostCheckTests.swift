// SPDX-License-Identifier: Apache-2.0
import Testing
import swiftlet

@Suite struct HostCheckTests {
    static var place: PlaceFacts {
        var place = PlaceFacts(stateDirectory: "/var/lib/swiftlet", clock: 1_800_000_000)
        (place.freeBytes, place.freeFiles, place.stateFilesystem) = (100 << 30, 5_000_000, "ext4")
        (place.user, place.descriptorLimit, place.isClockKept, place.userNamespaces) = ("swiftlet", 1_048_576, true, 10_000)
        (place.addresses, place.packetFilter) = ([("127.0.0.1:8080", nil)], "/usr/sbin/nft")
        return place
    }

    private func verdicts(_ change: (inout HostFacts, inout PlaceFacts) -> Void) -> [String: HostCheck.Verdict] {
        var (facts, place) = (HostRequirementTests.enough, Self.place)
        change(&facts, &place)
        let checks = HostChecks.all(facts, place)
        for check in checks {
            #expect((check.mend == nil) == (check.verdict == .ok), "\(check.name) tells how to mend exactly what is not well")
        }
        return Dictionary(uniqueKeysWithValues: checks.filter { $0.verdict != .ok }.map { ($0.name, $0.verdict) })
    }

    @Test("a machine that has everything passes every check") func allPass() { #expect(verdicts { _, _ in }.isEmpty) }

    @Test("each thing that a host cannot do without fails the check of its name") func eachFails() {
        #expect(verdicts { facts, _ in facts.isRoot = false } == ["root": .failed])
        #expect(verdicts { facts, _ in facts.kernelRelease = "5.10.0" } == ["kernel": .failed])
        #expect(verdicts { facts, _ in facts.namespaces.remove("net") } == ["namespaces": .failed])
        #expect(verdicts { facts, _ in facts.filesystems.remove("overlay") } == ["overlay": .failed])
        #expect(verdicts { _, place in place.overlayProblem = "EPERM" } == ["overlay": .failed])
        #expect(verdicts { facts, _ in facts.cgroupControllers.remove("cpu") } == ["cgroups": .failed])
        #expect(verdicts { _, place in place.cgroupProblem = "EROFS" } == ["cgroups": .failed])
        #expect(verdicts { facts, _ in facts.seccompActions = ["allow"] } == ["seccomp": .failed])
        #expect(verdicts { _, place in place.stateProblem = "EACCES" } == ["state": .failed])
        #expect(verdicts { _, place in place.freeBytes = 1 << 20 } == ["disk": .failed])
        #expect(verdicts { _, place in place.freeFiles = 10 } == ["disk": .failed])
        #expect(verdicts { _, place in place.user = nil } == ["user": .failed])
        #expect(verdicts { _, place in place.missingPrograms = ["swiftlet-unpack"] } == ["programs": .failed])
        #expect(verdicts { _, place in place.addresses = [("127.0.0.1:80", "in use")] } == ["port": .failed])
        #expect(verdicts { _, place in place.clock = 0 } == ["clock": .failed])
    }

    @Test("what only makes things worse is a warning") func eachWarns() {
        #expect(verdicts { _, place in place.stateFilesystem = "nfs" } == ["state": .warning])
        #expect(verdicts { _, place in place.freeBytes = 1 << 30 } == ["disk": .warning])
        #expect(verdicts { _, place in place.user = "nobody" } == ["user": .warning])
        #expect(verdicts { _, place in place.descriptorLimit = 1024 } == ["descriptors": .warning])
        #expect(verdicts { _, place in place.isClockKept = false } == ["clock": .warning])
        #expect(verdicts { _, place in place.userNamespaces = 0 } == ["user-namespaces": .warning])
        #expect(verdicts { _, place in place.packetFilter = nil } == ["nftables": .warning])
    }

    @Test("a machine without nft is told what would need it") func namesWhatNeedsTheFilter() throws {
        var place = Self.place
        place.packetFilter = nil
        let check = try #require(HostChecks.all(HostRequirementTests.enough, place).first { $0.name == "nftables" })
        #expect(check.meaning.contains("--internet-access") && check.mend?.contains("apt install nftables") == true)
    }

    @Test("a path lies on the mount whose point is the longest above it") func findsTheFilesystem() {
        let mounts = """
            20 1 0:1 / / rw - ext4 /dev/vda rw
            21 20 0:2 / /var rw - xfs /dev/vdb rw
            22 20 0:3 / /variable rw - nfs server:/x rw
            """
        #expect(PlaceFacts.filesystem(of: "/var/lib/swiftlet", mounts: mounts) == "xfs")
        #expect(PlaceFacts.filesystem(of: "/variable", mounts: mounts) == "nfs")
        #expect(PlaceFacts.filesystem(of: "/srv", mounts: mounts) == "ext4")
    }

    @Test("doctor tells each check, and its exit status is that of the worst") func doctorTells() throws {
        let result = try CommandLineProgram.run(["doctor", "--listen", "127.0.0.1:0", "--user", "no-such-user", "--json"])
        #expect(result.status == 1)
        #expect(result.out.contains("\"name\":\"user\"") && result.out.contains("useradd"), "\(result.out)\(result.err)")
    }
}
