// SPDX-License-Identifier: Apache-2.0
import Activation
import FunctionModel
import Gateway
import NIOCore
import Testing

/// A host with fewer places than its functions want.
@Suite struct FairnessTests {
    private static func places(_ number: Int) -> ActivationOptions {
        var options = ActivationOptions()
        (options.maximumInstances, options.parkedInstances) = (number, 0)
        return options
    }

    private static func greedy(_ name: String, on backend: Backend) -> RunnableVersion {
        function(name, on: backend) { $0.instanceConcurrency = 1 }
    }

    @Test func `an idle instance of one function makes room for the first of another`() async throws {
        let backend = try await Backend.start { _ in Backend.answer("here") }
        let functions = ["a", "b", "c"].map { Self.greedy($0, on: backend) }
        try await TestHost.with(functions, activation: Self.places(1)) { host in
            for name in ["a", "b", "c", "a", "b"] {
                let answer = try await host.invoke(name)
                #expect(answer.status == 200 && answer.text == "here", "\(name): \(answer.text)")
            }
            #expect(host.launcher.peak == 1)
        }
    }

    @Test func `a function that holds the whole host gives one instance up when its call is done`() async throws {
        let gates = [Gate(), Gate()]
        let backend = try await Backend.start { request in
            (request.target == "/first" ? [.hold(gates[0])] : request.target == "/second" ? [.hold(gates[1])] : []) + Backend.answer("done")
        }
        try await TestHost.with(["a", "b"].map { Self.greedy($0, on: backend) }, activation: Self.places(2)) { host in
            async let first = host.get("a", "/first")
            async let second = host.get("a", "/second")
            #expect(try await eventually { backend.requests.count == 2 })
            async let other = host.get("b", "/")
            #expect(try await eventually { host.activation.instances(of: "a").contains { $0.status == .draining } })
            gates[0].open()
            gates[1].open()
            let statuses = [try await first.status, try await second.status, try await other.status]
            #expect(statuses == [200, 200, 200])
            #expect(host.launcher.peak == 2)
        }
    }

    @Test func `a host on which each function has its one place refuses another function`() async throws {
        let gate = Gate()
        let backend = try await Backend.start { request in (request.target == "/wait" ? [.hold(gate)] : []) + Backend.answer("done") }
        try await TestHost.with(["a", "b"].map { Self.greedy($0, on: backend) }, activation: Self.places(1)) { host in
            async let first = host.get("a", "/wait")
            #expect(try await eventually { backend.requests.count == 1 })
            let other = try await host.get("b", "/")
            #expect(other.status == 503 && other.text.contains("ResourceThrottled"), "\(other.text)")
            gate.open()
            let status = try await first.status
            #expect(status == 200)
        }
    }

    @Test func `a place that is reserved is kept free, and its function needs nobody's leave`() async throws {
        let gate = Gate()
        let backend = try await Backend.start { request in (request.target == "/wait" ? [.hold(gate)] : []) + Backend.answer("done") }
        let functions = ["a", "b"].map { Self.greedy($0, on: backend) }
        try await TestHost.with(functions, activation: Self.places(2)) { host in
            var snapshot = TestHost.snapshot(functions)
            snapshot.functions["a"]?.reservedConcurrency = 1
            await host.gateway.publish(snapshot)
            async let first = host.get("b", "/wait")
            #expect(try await eventually { backend.requests.count == 1 })
            async let second = host.get("b", "/")
            #expect(try await eventually { host.activation.activator(for: functions[1]).callsInProgress == 2 })
            // Of two places one is kept: the second call of b waits for its first instance, and a starts beside it.
            let reserved = try await host.get("a", "/")
            #expect(reserved.status == 200)
            #expect(host.activation.instances(of: "b").count == 1)
            gate.open()
            let statuses = [try await first.status, try await second.status]
            #expect(statuses == [200, 200])
            #expect(host.launcher.peak == 2)
        }
    }

    @Test func `a reserve that is made on a full host is filled when a busy instance of another has done its call`() async throws {
        let gate = Gate()
        let backend = try await Backend.start { request in (request.target == "/wait" ? [.hold(gate)] : []) + Backend.answer("done") }
        let functions = ["a", "b"].map { Self.greedy($0, on: backend) }
        try await TestHost.with(functions, activation: Self.places(2)) { host in
            async let first = host.get("b", "/wait")
            async let second = host.get("b", "/wait")
            #expect(try await eventually { backend.requests.count == 2 })
            var snapshot = TestHost.snapshot(functions)
            snapshot.functions["a"]?.reservedConcurrency = 1
            await host.gateway.publish(snapshot)
            async let reserved = host.get("a", "/")
            #expect(try await eventually { host.activation.instances(of: "b").contains { $0.status == .draining } })
            gate.open()
            let statuses = [try await first.status, try await second.status, try await reserved.status]
            #expect(statuses == [200, 200, 200])
            #expect(host.launcher.peak == 2)
        }
    }

    @Test func `a function without a reserve gets a place from one that has more than its share, past a reserve that is not used`()
        async throws
    {
        let gate = Gate()
        let backend = try await Backend.start { request in (request.target == "/wait" ? [.hold(gate)] : []) + Backend.answer("done") }
        let functions = ["a", "b", "c"].map { Self.greedy($0, on: backend) }
        try await TestHost.with(functions, activation: Self.places(3)) { host in
            async let first = host.get("c", "/wait")
            async let second = host.get("c", "/wait")
            async let third = host.get("c", "/wait")
            #expect(try await eventually { backend.requests.count == 3 })
            gate.open()
            let statuses = [try await first.status, try await second.status, try await third.status]
            #expect(statuses == [200, 200, 200])
            #expect(host.activation.instances(of: "c").count == 3)
            var snapshot = TestHost.snapshot(functions)
            snapshot.functions["a"]?.reservedConcurrency = 1
            await host.gateway.publish(snapshot)
            // The first instance that c gives up is kept for a; the second one is for b.
            let other = try await host.get("b", "/")
            #expect(other.status == 200, "\(other.text)")
            #expect(host.activation.instances(of: "c").count == 1)
        }
    }

    @Test func `another version of a function that has used its reserve takes over its idle instance`() async throws {
        let backend = try await Backend.start { _ in Backend.answer("here") }
        let (old, other) = (Self.greedy("a", on: backend), Self.greedy("b", on: backend))
        try await TestHost.with([old, other], activation: Self.places(2)) { host in
            var changed = Self.greedy("a", on: backend)
            changed.key.version = "7"
            var snapshot = TestHost.snapshot([old, changed, other])
            snapshot.functions["a"]?.reservedConcurrency = 1
            await host.gateway.publish(snapshot)
            #expect(try await host.get("a", "/").status == 200)
            #expect(try await host.get("b", "/").status == 200)
            let answer = try await host.send("GET /http/a@7/ HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(answer.status == 200, "\(answer.text)")
        }
    }
}
