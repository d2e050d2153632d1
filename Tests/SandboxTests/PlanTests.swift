// SPDX-License-Identifier: Apache-2.0
import Sandbox
import Testing

@Suite struct PlanTests {
    func steps(
        user: ImageUser = ImageUser(user: 33, group: 33), trigger: CInt? = nil, isBlank: Bool = false,
        change: (inout InstanceSpec) -> Void = { _ in }
    ) -> [SetupStep] {
        var spec = sampleSpec()
        change(&spec)
        let users = InstanceUsers(namespace: 41, first: 300_000)
        let sandbox = InstancePlan.sandbox(
            with: SandboxResources(
                users: users, devices: 21, emptyFolder: 22, cgroups: ["memory": 24, "pids": 25], status: 31,
                hidden: [HiddenPath("/proc/kcore", .maskFile), HiddenPath("/proc/sys", .readOnly)]))
        return sandbox + (isBlank ? InstancePlan.waiting : [])
            + InstancePlan.steps(
                for: spec,
                with: InstanceResources(
                    root: .layers([20, 40], oneByOne: true), users: users, files: ["/etc/hosts": 23], network: 26,
                    standardInput: 27, standardOutput: 28, standardError: 29, report: 30, trigger: trigger, user: user))
    }

    func place(_ steps: [SetupStep], _ match: (SetupStep) -> Bool) throws -> Int {
        let place = steps.firstIndex(where: match)
        return try #require(place)
    }

    @Test("CVE-2024-21626: descriptors are closed and the user is the image's before the working directory is entered") func order() throws
    {
        let steps = steps()
        let directory = try place(steps) { if case .workingDirectory = $0 { true } else { false } }
        #expect(try place(steps) { $0 == .closeFrom(4) } < directory)
        #expect(try place(steps) { $0 == .user(33) } < directory)
        #expect(try place(steps) { $0 == .pivot } < directory)
    }

    @Test func theProgramWaitsUntilNothingOfTheHostsRootIsLeft() throws {
        let steps = steps()
        let waited = try place(steps) { $0 == .awaitDetached }
        #expect(try place(steps) { $0 == .startProgram(report: 4, users: 5) } < waited)
        #expect(try waited < place(steps) { $0 == .user(33) })
    }

    /// A name in the image that is exchanged for a link while we look leads somewhere in the image only, once that is the root.
    @Test("CVE-2021-30465: everything but the root itself is mounted after it is entered", arguments: [true, false])
    func mountsAfterThePivot(isBlank: Bool) throws {
        let steps = steps(isBlank: isBlank)
        let entered = try place(steps) { $0 == .pivot }
        for (index, step) in steps.enumerated() {
            switch step {
            case .attach(_, let path), .newMount(_, _, _, let path), .oldMount(_, _, _, let path), .cover(_, let path),
                .protect(let path, _):
                // Before, all places are the launcher's own.
                let isOurs = path == "root" || path.hasPrefix("lower/") || path.hasPrefix("frame/")
                #expect(isOurs || (index > entered && path.hasPrefix("/")), "\(step)")
            default: break
            }
        }
    }

    /// It may become anyone's, so it holds nothing that was opened for somebody, and nobody's but the socket over which the rest comes.
    @Test func aSandboxThatIsNobodysYetKeepsNothingOfTheLaunchersOpen() throws {
        let steps = steps(isBlank: true)
        let waits = try place(steps) { $0 == .awaitPlan }
        #expect(steps[waits - 1] == .closeFrom(16))
        #expect(steps[..<waits].contains(.duplicate(31, to: 3, keepAtExec: false)))
        #expect(steps[..<waits] + steps[(waits + 1)...] == self.steps()[..<(waits - 1)] + [.closeFrom(16)] + self.steps()[(waits - 1)...])
    }

    @Test func cgroupsAreJoinedBeforeAnythingElseIsDone() throws {
        let steps = steps()
        let joined = try #require(steps.lastIndex { if case .joinCgroup = $0 { true } else { false } })
        #expect(joined < (try place(steps) { $0 == .attach(20, at: "lower/0") }))
        #expect(joined < (try place(steps) { $0 == .startProgram(report: 4, users: 5) }))
    }

    @Test func nobodyHasACapabilityThatWasNotAskedForAndAllBecomeUsersOfTheirOwn() throws {
        for steps in [steps(), steps(user: ImageUser(user: 0, group: 0))] {
            #expect(steps.contains(.capabilities(0)))
            #expect(steps.contains(.boundCapabilities(0)))
            // The launcher may have further groups, for example those of whoever started it by sudo.
            #expect(steps.contains(.groups([])))
            let entered = try place(steps) { $0 == .enterUsers(5) }
            #expect(entered < (try place(steps) { if case .user = $0 { true } else { false } }))
            #expect(entered < (try place(steps) { $0 == .boundCapabilities(0) }))
        }
        let asked = steps(change: {
            $0.capabilities = InstanceCapabilities(["CHOWN", "SETUID"].compactMap { InstanceCapabilities.named[$0] })
        })
        #expect(asked.contains(.capabilities(1 << 0 | 1 << 7)))
    }

    @Test func aParkedInstanceHasEverythingBehindItButItsProgram() throws {
        let steps = steps(trigger: 50)
        #expect(steps.dropLast().last == .awaitByte(4))
        #expect(steps.dropLast(2).last == .filter(reportsListen: true))
        #expect(steps.contains(.closeFrom(5)))
        #expect(steps.contains(.startProgram(report: 5, users: 6)))
    }

    @Test func oneWhoseListenIsNotReportedSaysItselfThatItIsPrepared() {
        let steps = steps(trigger: 50, change: { $0.reportsListen = false })
        #expect(Array(steps.suffix(4).prefix(3)) == [.filter(reportsListen: false), .tellPrepared, .awaitByte(4)])
    }

    @Test func theFilterIsTheLastStepBeforeTheProgram() {
        let steps = steps()
        #expect(Array(steps.suffix(3).prefix(2)) == [.noNewPrivileges, .filter(reportsListen: true)])
    }

    @Test func aProgramWithoutSlashIsLookedForInThePathOfTheInstance() {
        guard case .execute(let candidates, _, let environment)? = steps(change: { $0.environment = ["PATH=/a:b:/c"] }).last else {
            Issue.record("no program")
            return
        }
        #expect(candidates == ["/a/server", "/c/server"])
        #expect(environment.contains("HOME=/"))
    }

    /// Each folder gets the program's name once more: sixty kilobytes of each would be gigabytes.
    @Test func aProgramIsLookedForInAFewFoldersOnly() {
        let path = "PATH=" + String(repeating: "/:", count: 30_000)
        guard case .execute(let candidates, _, _)? = steps(change: { $0.environment = [path] }).last else {
            Issue.record("the last step is not the program's execution")
            return
        }
        #expect(candidates.count == 64 && candidates.allSatisfy { $0 == "//server" })
    }

    @Test func theDaemonsFirstClosedAncestorIsCovered() {
        #expect(DaemonPlan.cover(for: "/root/x/state") { $0 != "/root" } == "/root")
        #expect(DaemonPlan.cover(for: "/var/lib/swiftlet") { _ in true } == "/var/lib/swiftlet")
    }
}
