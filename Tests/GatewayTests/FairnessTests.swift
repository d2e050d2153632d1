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
}
