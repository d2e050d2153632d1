// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import LinuxSystem
import Sandbox
import Synchronization
import Testing

/// What the client makes of a start whose instance is still being prepared. The test is the launcher.
@Suite struct ClaimTests {
    struct Host {
        let client: LauncherClient
        let sockets: MessageSocketPair
        let changes = Changes()

        init() throws {
            sockets = try MessageSocketPair()
            client = try LauncherClient(descriptor: fcntl(sockets.one.number, F_DUPFD_CLOEXEC, 3))
        }

        func request() async throws -> LauncherRequest {
            var buffer = [UInt8](repeating: 0, count: WireBounds.message)
            while true {
                if case .message(let bytes, _) = try receiveMessage(sockets.other.number, into: &buffer, descriptors: 0) {
                    return try LauncherRequest(decoding: bytes)
                }
                try await Task.sleep(for: .milliseconds(1))
            }
        }

        func tell(_ event: LauncherEvent, _ descriptors: [CInt] = []) throws {
            #expect(try sendMessage(sockets.other.number, event.encoded(), descriptors: descriptors))
        }

        /// One that was asked for ahead of need, and is then wanted before it is ready.
        func claim() async throws -> RunningInstance {
            let spec = InstanceSpec(
                id: InstanceID("c-1")!, layers: [Digest(hex: String(repeating: "a1", count: 32))!], arguments: ["server"], environment: [],
                workingDirectory: "", user: "", hostname: "h", limits: InstanceLimits(memory: 64 << 20, milliCPU: 1000, temporary: 1 << 20),
                port: 9000)
            client.park(spec) { [changes] in changes.add($0) }
            #expect(try await request() == .park(spec))
            let instance = RunningInstance(spec: spec)
            client.start(spec) { instance.add($0) }
            #expect(try await request() == .claim(spec.id))
            return instance
        }
    }

    final class Changes: Sendable {
        private let told = Mutex<[Bool]>([])
        func add(_ isPrepared: Bool) { told.withLock { $0.append(isPrepared) } }
        var all: [Bool] { told.withLock { $0 } }
    }

    @Test func theLauncherMayHaveItExecutedItself() async throws {
        let host = try Host()
        let instance = try await host.claim()
        try host.tell(.started(instance.spec.id, SetUpTimes(cloned: 1, mounted: 2)), [0, 0])
        try host.tell(.exited(instance.spec.id, .exited(status: 7)))
        #expect(try await instance.end() == .exited(.exited(status: 7)))
        #expect(instance.all.count == 2)
        #expect(host.changes.all == [])
    }

    @Test func oneThatWasReadyBeforeTheLauncherHeardOfItIsTriggered() async throws {
        let host = try Host()
        let instance = try await host.claim()
        let trigger = try MessageSocketPair()
        try host.tell(.parked(instance.spec.id), [trigger.one.number, 0, 0])
        _ = try await instance.started()
        var byte = [UInt8](repeating: 0, count: 4)
        guard case .message(let bytes, _) = try receiveMessage(trigger.other.number, into: &byte, descriptors: 0) else {
            Issue.record("no byte came to the trigger")
            return
        }
        #expect(Array(bytes) == [1])
        try host.tell(.exited(instance.spec.id, .exited(status: 0)))
        #expect(try await instance.end() == .exited(.exited(status: 0)))
        #expect(host.changes.all == [])
    }

    @Test func oneThatCouldNotBePreparedIsStartedAsAnyOtherOnce() async throws {
        let host = try Host()
        let instance = try await host.claim()
        try host.tell(.failed(instance.spec.id, LaunchFailure(step: "mount", errno: 12)))
        #expect(try await host.request() == .start(instance.spec))
        #expect(instance.all.isEmpty)
        try host.tell(.failed(instance.spec.id, LaunchFailure(step: "again", errno: 12)))
        #expect(try await instance.end() == .failed("again"))
        #expect(instance.all.count == 1)
    }

    @Test func oneThatWasStoppedIsNotStartedAnew() async throws {
        let host = try Host()
        let instance = try await host.claim()
        host.client.stop(instance.spec.id, grace: .zero)
        #expect(try await host.request() == .stop(instance.spec.id, graceMilliseconds: 0))
        try host.tell(.failed(instance.spec.id, LaunchFailure(step: "killed", errno: 0)))
        #expect(try await instance.end() == .failed("killed"))
    }
}
