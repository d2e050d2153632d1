// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// Makes an instance from a spec: gathers what the plan needs, and spawns.
final class InstanceStarter {
    let trees: HostTrees
    let files: InstanceFiles
    let roots: RootTrees
    let networks: NetworkNamespaces
    /// nil where instances have the host's ids.
    let users: UserNamespaces?
    let cgroups: CgroupTree
    let filters: InstanceFilters
    private let null: Descriptor
    private(set) var mold: Mold?
    var blanks: BlankSandboxes

    /// - Parameter blanks: how many sandboxes are kept ready for whoever comes, at most.
    init(
        trees: HostTrees, files: InstanceFiles, roots: RootTrees, networks: NetworkNamespaces, users: UserNamespaces?, cgroups: CgroupTree,
        filters: consuming InstanceFilters,
        null: consuming Descriptor, blanks: Int
    ) {
        self.trees = trees
        self.files = files
        self.roots = roots
        self.networks = networks
        self.users = users
        self.cgroups = cgroups
        self.filters = filters
        self.null = null
        self.blanks = BlankSandboxes(most: blanks)
    }

    /// Every instance is cloned from it from now on.
    func use(_ mold: Mold) throws(SystemCallError) {
        try filters.keep(in: mold)
        self.mold = mold
    }

    /// - Throws: `LaunchFailure`; then nothing of the instance is left.
    ///
    /// - Parameters:
    ///   - parks: the program is executed only when a byte comes to the instance's trigger.
    ///   - ahead: has the program's files read ahead.
    func start(_ spec: InstanceSpec, parks: Bool, _ ahead: ReadAheadHelper?) throws(LaunchFailure) -> Instance {
        do { return try make(spec, parks: parks, ahead) } catch {
            do { try files.remove(spec.id) } catch { writeToStandardError("swiftlet-launcher: files of \(spec.id) stay: \(error)") }
            throw switch error {
            case let failure as LaunchFailure: failure
            case let error as SystemCallError: LaunchFailure(step: error.description, errno: error.errno)
            default: LaunchFailure(step: "\(error)", errno: 0)
            }
        }
    }

    private func make(_ spec: InstanceSpec, parks: Bool, _ ahead: ReadAheadHelper?) throws -> Instance {
        let root = try roots.root(for: spec.layers)
        let reading = ahead?.use(for: spec, isParked: parks)
        let user = try root.user(spec.user)
        if users != nil, user.user >= InstanceUsers.count || user.group >= InstanceUsers.count {
            throw LaunchFailure(
                step: "the user \(user.user):\(user.group) lies beyond the ids of an instance, 0 to \(InstanceUsers.count - 1)", errno: 0)
        }
        let reader = reading.flatMap { use in
            parks && use.reads ? ahead.map { InstanceReader(socket: $0.socket.number, number: use.number) } : nil
        }
        try cgroups.makeFree(spec.id)
        // No start waits for one that is to be parked.
        if !parks, let blank = try takeBlank(for: spec) {
            do { return try make(spec, root, user, parks: parks, on: blank, reading, reader) } catch let error as SystemCallError
                where error.call == Mold.sendPlan && (error.errno == EPIPE || error.errno == ECONNRESET)
            {
                // It was killed since it was looked at; a call must not fail for that.
                try loseBlank(blank, "\(error)")
                try files.remove(spec.id)
            } catch {
                // That would go wrong a second time.
                try abandon(blank)
                throw error
            }
        }
        let ground = try groundwork { () throws(SystemCallError) in try cgroups.take(for: spec) }
        do { return try make(spec, root, user, parks: parks, on: ground, reading, reader) } catch {
            try abandon(ground)
            throw error
        }
    }

    private func make(
        _ spec: InstanceSpec, _ root: RootTrees.Root, _ user: ImageUser, parks: Bool, on ground: Groundwork,
        _ reading: ReadAheadUse?, _ reader: InstanceReader?
    ) throws -> Instance {
        let own = ground.users
        let layers = try own.map { try roots.layers(of: root, for: $0) }
        let rootTree = layers == nil ? Descriptor.Box(try cloneTree(root.tree.number, "")) : nil
        let network = try networks.take(for: spec.owner, internet: spec.internet != nil)
        let files = try self.files.make(for: spec.id, hostname: spec.hostname, resolver: resolver(spec))
        let (output, error, report) = (try Pipe(), try Pipe(), try Pipe())
        // A program that does not run as root still opens /dev/stdout by name.
        let shift = own?.first ?? 0
        for pipe in [output, error] { try systemCall("fchown") { fchown(pipe.write.number, shift + user.user, shift + user.group) } }
        let trigger = parks || reading?.records == true ? try MessageSocketPair() : nil
        // The plan holds numbers only: what they stand for must stay open until the child has its copies.
        defer { withExtendedLifetime((layers, rootTree, files, network, output, error, report, trigger)) {} }

        let plan = InstancePlan.steps(
            for: spec,
            with: InstanceResources(
                root: rootTree.map { .shared($0.number) } ?? roots.instanceRoot(layers ?? []),
                users: own.map { InstanceUsers(namespace: $0.descriptor.number, first: $0.first) }, files: files.mapValues(\.number),
                network: network.descriptor.number, standardInput: null.number, standardOutput: output.write.number,
                standardError: error.write.number, report: report.write.number, trigger: trigger?.other.number, reader: reader,
                user: user))
        let process = try beginProcess(of: ground, plan, spec)
        return Instance(
            spec: spec, plan: ground.steps + plan, process: process, report: report.read, network: network, users: own,
            cgroup: ground.cgroup, trigger: trigger?.one, isParked: parks, reading: reading,
            state: .settingUp(status: ground.status, output: output.read, error: error.read))
    }

    /// The process that walks the instance's steps: one that has walked those for anyone, or a new one.
    private func beginProcess(of ground: Groundwork, _ plan: [SetupStep], _ spec: InstanceSpec) throws(SystemCallError) -> Descriptor {
        if ground.isBorn, let mold {
            try filters.program(plan, for: spec).goOn(ground.status, from: mold)
            if let process = ground.takeProcess() { return process }
        }
        let process = try filters.program(ground.steps + plan, for: spec).spawn(
            namespaces: InstancePlan.namespaces, cgroup: ground.cgroup.birthplace?.number ?? -1, status: ground.childStatus?.number ?? -1,
            from: mold)
        ground.forget()
        return process
    }

    private func resolver(_ spec: InstanceSpec) -> String? { spec.internet?.resolverFile(standard: networks.uplink?.nameServers ?? []) }

    /// When the oldest of what ended instances have left goes.
    var nextEnd: UInt64? {
        [networks.left.nextEnd, cgroups.left.nextEnd, blanks.demand.nextChange(after: monotonicNanoseconds())].compactMap(\.self).min()
    }

    /// Lets go what ended instances have left and nobody came for.
    func dropLeft(at now: UInt64) throws(SystemCallError) {
        _ = networks.left.expired(at: now)
        try cgroups.dropLeft(at: now)
    }

    /// The same with all of it, when the launcher ends. A process leaves its cgroup a moment after its end can be seen.
    func dropAllLeft() throws(SystemCallError) {
        try dropBlanks()
        try dropLeft(at: .max)
        for _ in 0..<1000 where try !cgroups.dropLeft(at: .max) || !blanks.ending.isEmpty {
            usleep(1000)
            tidyBlanks()
        }
    }

    func spawn(_ plan: [SetupStep], namespaces: CInt, status: CInt) throws(SystemCallError) -> Descriptor {
        try StepProgram(plan, filter: filters.standard).spawn(namespaces: namespaces, cgroup: -1, status: status)
    }
}
