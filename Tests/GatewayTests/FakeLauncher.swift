// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LauncherClient
import NIOCore
import NIOPosix
import Sandbox
import Synchronization

/// Stands in for root: "starts" programs that listen on plain loopback already, or never, or that exit, and keeps account of what lives.
final class FakeLauncher: InstanceLauncher {
    enum Behaviour: Sendable {
        case listens(after: TimeAmount)
        case exits(status: Int32, after: TimeAmount)
        case fails(LaunchFailure)
        case silent
    }

    private struct Counts {
        var live: [InstanceID: @Sendable (InstanceEvent) -> Void] = [:]
        var started = 0
        var peak = 0
        var specs: [InstanceSpec] = []
        var socketRequests: [Int] = []
    }

    private let loop = MultiThreadedEventLoopGroup.singleton.any()
    private let counts = Mutex(Counts())
    private let behaviour: @Sendable (InstanceSpec) -> Behaviour
    /// No more sockets before it is open.
    private let socketGate: Gate?

    init(socketGate: Gate? = nil, _ behaviour: @escaping @Sendable (InstanceSpec) -> Behaviour = { _ in .listens(after: .milliseconds(1)) })
    {
        self.socketGate = socketGate
        self.behaviour = behaviour
    }

    /// How many sockets were asked for, each time.
    var socketRequests: [Int] { counts.withLock { $0.socketRequests } }

    var started: Int { counts.withLock { $0.started } }
    var alive: Int { counts.withLock { $0.live.count } }
    var peak: Int { counts.withLock { $0.peak } }
    var specs: [InstanceSpec] { counts.withLock { $0.specs } }

    func start(_ spec: InstanceSpec, onEvent: @escaping @Sendable (InstanceEvent) -> Void) {
        counts.withLock {
            $0.specs.append(spec)
            $0.started += 1
            $0.live[spec.id] = onEvent
            $0.peak = max($0.peak, $0.live.count)
        }
        loop.execute { self.begin(spec, onEvent) }
    }

    private func begin(_ spec: InstanceSpec, _ onEvent: @escaping @Sendable (InstanceEvent) -> Void) {
        let behaviour = behaviour(spec)
        if case .fails(let failure) = behaviour {
            counts.withLock { $0.live[spec.id] = nil }
            return onEvent(.failed(failure))
        }
        onEvent(.started(standardOutput: devNull(), standardError: devNull(), sockets: (0..<4).map { _ in plainSocket() }, setUp: nil))
        switch behaviour {
        case .listens(let after): loop.scheduleTask(in: after) { onEvent(.listening) }
        case .exits(let status, let after): loop.scheduleTask(in: after) { self.exit(spec.id, .exited(status: status)) }
        case .fails, .silent: break
        }
    }

    func exit(_ id: InstanceID, _ exit: InstanceExit) {
        counts.withLock { $0.live.removeValue(forKey: id) }?(.exited(exit))
    }

    func exitAll(_ exit: InstanceExit) {
        for id in counts.withLock({ Array($0.live.keys) }) { self.exit(id, exit) }
    }

    func openSockets(_ id: InstanceID, count: Int, completion: @escaping @Sendable ([CInt]) -> Void) {
        let lives = counts.withLock {
            $0.socketRequests.append(count)
            return $0.live[id] != nil
        }
        let opened = socketGate?.opened ?? loop.makeSucceededVoidFuture()
        opened.hop(to: loop).whenComplete { _ in completion(lives ? (0..<count).map { _ in plainSocket() } : []) }
    }

    func stop(_ id: InstanceID, grace: Duration) {
        loop.execute { self.exit(id, .signaled(SIGTERM)) }
    }
}

private func plainSocket() -> CInt { socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0) }

private func devNull() -> CInt { open("/dev/null", O_RDONLY | O_CLOEXEC) }
