// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import InvocationQueue
import NATS
import Synchronization
import Testing

private final class Tally: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }

    func add() -> Int {
        value.withLock { value in
            value += 1
            return value
        }
    }
}

@Suite(.serialized) struct SharedQueueTests {
    @Test(arguments: [NATSServer.Edition.debian, .newest])
    func aServerThatIsKilledInTheMiddleLosesNothing(_ edition: NATSServer.Edition) async throws {
        try await withSharedQueues(edition) { queues in
            let queue = try await queues.open("a", copy: "a")
            let (accepted, killed) = (Tally(), Tally())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for producer in 0..<8 {
                    group.addTask {
                        for number in 0..<60 {
                            // As a caller with an id of its own does it: again until it is taken, or was.
                            let new = try invocation("f\(number % 3)", "t\(producer)-\(number)")
                            while true {
                                do {
                                    _ = try await queue.enqueue(new)
                                    break
                                } catch {}
                            }
                            let count = accepted.add()
                            if count == 120 || count == 300 {
                                queues.server.kill()
                                try await queues.server.start()
                                _ = killed.add()
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(killed.count == 2)
            var done: [String] = []
            for lane in ["f0", "f1", "f2"] {
                while case let claims = try await queue.claim(lane, 40, at: 1), !claims.isEmpty {
                    for claim in claims where try await queue.end(claim, .succeeded, at: 2) { done.append(claim.invocation.task) }
                }
            }
            #expect(done.count == 480 && Set(done).count == 480)
            let audit = try await queue.audit()
            #expect(audit == (try await queue.statistics()) && audit.map(\.done).reduce(0, +) == 480)
        }
    }

    @Test func hostsShareTheWorkAndTheBooks() async throws {
        try await withSharedQueues { queues in
            let hosts = [
                try await queues.open("a", copy: "a"), try await queues.open("b", copy: "b"), try await queues.open("c", copy: "c"),
            ]
            for number in 0..<300 { _ = try await hosts[number % 3].enqueue(invocation("f", "t\(number)")) }
            let done = try await withThrowingTaskGroup(of: [String].self) { group in
                for host in hosts {
                    group.addTask {
                        var tasks: [String] = []
                        while case let claims = try await host.claim("f", 5, at: 1), !claims.isEmpty {
                            for claim in claims where try await host.end(claim, .succeeded, at: 2) { tasks.append(claim.invocation.task) }
                        }
                        return tasks
                    }
                }
                return try await group.reduce([], +)
            }
            #expect(done.count == 300 && Set(done).count == 300)
            // A change that each host makes itself comes behind all others in its copy.
            for (number, host) in hosts.enumerated() { _ = try await host.enqueue(invocation("mark", "m\(number)")) }
            for host in hosts { #expect(try await host.counts("f").done == 300) }
        }
    }

    @Test func whatAHostThatIsGoneWasWorkingOnGoesToAnother() async throws {
        try await withSharedQueues { queues in
            let (gone, other) = (try await queues.open("a", copy: "a"), try await queues.open("b", copy: "b"))
            for number in 0..<10 { _ = try await gone.enqueue(invocation("f", "t\(number)")) }
            let lost = try await gone.claim("f", 6, at: 0, lease: 1000)
            try await queues.drop(gone)
            _ = try await other.enqueue(invocation("f", "behind"))
            #expect(try await other.claim("f", 20, at: 500).count == 5)
            #expect(try await other.reclaim(now: time(1001)) == 6)
            #expect(Set(try await other.claim("f", 20, at: 1002).map(\.lease.number)) == Set(lost.map(\.lease.number)))
            // It comes back and still believes that it has them.
            let again = try await queues.open("a", copy: "a")
            for claim in lost { #expect(try await again.end(claim, .succeeded, at: 1003) == false) }
        }
    }

    @Test func aHostThatWasAwayForLongBeginsWithACopyOfAnother() async throws {
        try await withSharedQueues { queues in
            let away = try await queues.open("a", copy: "a")
            try await queues.drop(away)
            let host = try await queues.open("b", copy: "b")
            for number in 0..<50 { _ = try await host.enqueue(invocation("f", "t\(number)", payload: "p\(number)")) }
            try await host.replaceLog(keeping: 0)
            _ = try await host.enqueue(invocation("f", "behind", payload: "behind"))
            let back = try await queues.open("a", copy: "a")
            let payloads = try await back.claim("f", 100, at: 1).map { String(decoding: $0.invocation.payload, as: UTF8.self) }
            #expect(Set(payloads) == Set((0..<50).map { "p\($0)" } + ["behind"]))
        }
    }

    @Test func whatCannotBeStoredIsNotAccepted() async throws {
        try await withSharedQueues { queues in
            let queue = try await queues.open("a", copy: "a", patience: .milliseconds(500))
            queues.server.kill()
            await #expect(throws: (any Error).self) { try await queue.enqueue(invocation("f", "t")) }
            try await queues.server.start()
            // It may be some tries until the connection is there again.
            var (accepted, number) = (false, 0)
            while !accepted, number < 100 {
                number += 1
                do { accepted = try await queue.enqueue(invocation("f", "u\(number)")) == .accepted } catch {
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            #expect(accepted)
        }
    }

    @Test func ordersComeOutOfTheLogAsTheyWentIn() async throws {
        try await withSharedQueues { queues in
            let queue = try await queues.open("a", copy: "a")
            var new = try invocation("f", "t", at: 3, due: 9, payload: "\u{0}\u{ff}x")
            (new.deduplication, new.depth, new.tick) = ("k", 2, TimerTick(timer: "timer", time: time(1)))
            new.head = .delivery(url: "http://h/", origin: .init(lane: "l", task: "o"))
            #expect(try await queue.enqueue(new) == .accepted)
            (new.tick, new.due) = (nil, new.accepted)
            #expect(try await queue.claim("f", at: 9).first?.invocation == new)
        }
    }

    @Test(arguments: [
        ("nats://h", ["h:4222"], "swiftlet", 1), ("nats://h:1,[::1]:2/x?replicas=3", ["h:1", "[::1]:2"], "x", 3),
    ])
    func addressesOfClusters(_ text: String, _ servers: [String], _ name: String, _ replicas: Int) throws {
        let cluster = try #require(NATSCluster(text))
        #expect(cluster.servers.map(\.description) == servers && cluster.name == name && cluster.replicas == replicas)
        #expect(NATSCluster(cluster.text) == cluster)
    }

    @Test(arguments: ["http://h", "nats://", "nats://h:0", "nats://h/a.b", "nats://h?replicas=2", "nats://u@h", "nats://h,"])
    func whatIsNoClusterIsRefused(_ text: String) { #expect(NATSCluster(text) == nil) }
}
