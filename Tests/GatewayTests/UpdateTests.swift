// SPDX-License-Identifier: Apache-2.0
import Activation
import FunctionModel
import Gateway
import NIOCore
import NIOHTTP1
import Sandbox
import Testing

@Suite struct UpdateTests {
    @Test func `a state that takes the place of one with instances has one before calls go there`() async throws {
        let (old, new) = (try await Backend.start { _ in Backend.answer("old") }, try await Backend.start { _ in Backend.answer("new") })
        try await TestHost.with([function("f", on: old)]) { host in
            #expect(try await host.invoke("f").text == "old")
            await host.gateway.publish(TestHost.snapshot([function("f", on: new, revision: 2)]))
            let answer = try await host.invoke("f")
            #expect(answer.text == "new" && answer.header("server-timing") == nil, "the call met no cold start")
            #expect(try await eventually { host.launcher.alive == 1 })
        }
    }

    @Test func `a state without instances gets none by an update`() async throws {
        let backend = try await Backend.start { _ in Backend.answer("here") }
        try await TestHost.with([function("f", on: backend)]) { host in
            await host.gateway.publish(TestHost.snapshot([function("f", on: backend, revision: 2)]))
            #expect(host.launcher.started == 0)
        }
    }

    @Test func `a new state that cannot start takes the calls all the same, and tells why`() async throws {
        let backend = try await Backend.start { _ in Backend.answer("old") }
        let launcher = FakeLauncher { $0.port == UInt16(backend.port) ? .listens(after: .zero) : .exits(status: 3, after: .zero) }
        try await TestHost.with([function("f", on: backend)], launcher: launcher) { host in
            #expect(try await host.invoke("f").text == "old")
            await host.gateway.publish(TestHost.snapshot([function("f", on: nil, revision: 2)]))
            let answer = try await host.invoke("f")
            #expect(answer.status == 412 && answer.text.contains("exit code 3"), "\(answer.text)")
        }
    }

    @Test func `an initializer is called once before the first call, and its failure is the function's`() async throws {
        let backend = try await Backend.start { request in
            request.target == "/initialize" && request.headers["x-fc-function-name"].first == "bad"
                ? Backend.answer("", status: "500 No") : Backend.answer("\(request.method) \(request.target)")
        }
        func hooked(_ name: String) -> RunnableVersion {
            function(name, on: backend) { $0.stored["instanceLifecycleConfig"] = ["initializer": ["handler": "x", "timeout": 5]] }
        }
        try await TestHost.with([hooked("good"), hooked("bad")]) { host in
            for _ in 0..<2 { #expect(try await host.invoke("good").text == "POST /invoke") }
            #expect(backend.requests.map(\.target) == ["/initialize", "/invoke", "/invoke"])
            #expect(backend.requests.first?.headers["x-fc-control-path"].first == "/initialize")
            let event = try await host.invoke("bad")
            #expect(event.status == 200 && event.header("x-fc-error-type") == "InitializationError", "\(event.text)")
            #expect(event.text.contains("errorMessage") && event.text.contains("status code: 500"), "\(event.text)")
            #expect(try await host.get("bad", "/").status == 502)
            #expect(backend.requests.count { $0.target == "/initialize" } == 3, "each call began anew")
        }
    }
}
