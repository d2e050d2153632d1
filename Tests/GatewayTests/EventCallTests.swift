// SPDX-License-Identifier: Apache-2.0
import Activation
import FunctionModel
import Gateway
import NIOCore
import NIOHTTP1
import Sandbox
import Testing

@Suite struct EventCallTests {
    @Test func `an event reaches POST invoke with the documented headers, and its answer's body alone comes back`() async throws {
        let backend = try await Backend.start {
            Backend.answer("echo \($0.body)", status: "418 Teapot", headers: "X-Mine: 1\r\nx-fc-evil: 1\r\n")
        }
        try await TestHost.with([function("hello", on: backend)]) { (host: TestHost) async throws in
            let answer = try await host.invoke("hello", "{\"a\":1}", headers: "x-fc-function-memory: 9\r\nX-Other: 1\r\n")
            #expect(answer.status == 200)
            #expect(answer.text == "echo {\"a\":1}")
            #expect(answer.header("content-type") == "application/octet-stream")
            #expect(answer.header("x-mine") == nil)
            #expect(answer.header("x-fc-error-type") == nil)
            let id = try #require(answer.header("x-fc-request-id"))
            #expect(answer.header("x-fc-instance-id")?.hasPrefix("c-") == true)
            #expect(answer.header("x-fc-invocation-service-version") == "LATEST")
            #expect(Int(answer.header("x-fc-invocation-duration") ?? "") != nil)
            let timing = try #require(answer.header("server-timing"))
            for phase in ["route;dur=", "launch;dur=", "listen;dur=", "healthz;dur=0.00", "firstbyte;dur="] {
                #expect(timing.contains(phase))
            }
            let request = try #require(backend.requests.first)
            #expect((request.method, request.target) == ("POST", "/invoke"))
            let expected = [
                "content-type": "application/octet-stream", "content-length": "7", "x-fc-request-id": id, "x-fc-function-name": "hello",
                "x-fc-function-handler": "index.handler", "x-fc-function-memory": "512", "x-fc-function-timeout": "60",
                "x-fc-region": "cn-local",
                "x-fc-qualifier": "LATEST", "x-fc-version-id": "", "x-fc-control-path": "/invoke", "x-fc-retry-count": "0",
                "x-fc-account-id": "1",
            ]
            for (name, value) in expected { #expect(request.headers[name] == [value], "\(name)") }
            #expect(request.headers["x-other"] == [])
            let warm = try await host.invoke("hello", "")
            #expect(warm.header("server-timing") == nil)
            #expect(host.activation.coldStarts(of: "hello").map(\.request.text) == [id])
        }
    }

    @Test func `the environment has the reserved variables and the port`() async throws {
        let backend = try await Backend.start { _ in Backend.answer("ok") }
        try await TestHost.with([function("hello", on: backend)]) { (host: TestHost) async throws in
            _ = try await host.invoke("hello")
            let spec = try #require(host.launcher.specs.first)
            for variable in [
                "A=b", "PORT=\(backend.port)", "FC_FUNCTION_NAME=hello", "FC_CUSTOM_LISTEN_PORT=\(backend.port)",
                "FC_INSTANCE_ID=\(spec.id)",
                "FC_FUNCTION_MEMORY_SIZE=512",
            ] { #expect(spec.environment.contains(variable)) }
        }
    }

    @Test func `200 calls at once to a function with no instance all answer 200`() async throws {
        let backend = try await Backend.start { _ in [.wait(.milliseconds(5))] + Backend.answer("ok") }
        let launcher = FakeLauncher { _ in .listens(after: .milliseconds(20)) }
        try await TestHost.with([function("burst", on: backend) { $0.maximumInstances = 20 }], launcher: launcher) {
            (host: TestHost) async throws in
            let statuses = try await withThrowingTaskGroup { group in
                for _ in 0..<200 { group.addTask { try await host.invoke("burst").status } }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses == Array(repeating: 200, count: 200))
            #expect(launcher.peak <= 20)
        }
    }

    @Test func `a container's x-fc-status marks a function error, with its body`() async throws {
        let backend = try await Backend.start { _ in Backend.answer("no such thing", headers: "x-fc-status: 404\r\n") }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let answer = try await host.invoke("f")
            #expect((answer.status, answer.header("x-fc-error-type"), answer.text) == (200, "InvocationError", "no such thing"))
        }
    }

    @Test func `a call that runs out of time answers 200 with the error named, and its instance is replaced`() async throws {
        let backend = try await Backend.start { _ in [.wait(.seconds(30))] }
        try await TestHost.with([function("slow", on: backend) { $0.timeout = 1 }]) { (host: TestHost) async throws in
            let answer = try await host.invoke("slow")
            #expect((answer.status, answer.header("x-fc-error-type")) == (200, "InvocationError"))
            #expect(answer.text == "{\"errorMessage\":\"Function timed out after 1 seconds\"}")
            #expect(answer.header("content-type") == "application/json")
            #expect(try await eventually { host.launcher.alive == 0 })
        }
    }

    @Test func `a process that ends in the middle of a call is told as such`() async throws {
        let backend = try await Backend.start { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), .close] }
        try await TestHost.with([function("dies", on: backend)]) { (host: TestHost) async throws in
            let answer = try await host.invoke("dies")
            #expect((answer.status, answer.header("x-fc-error-type")) == (200, "InvocationError"))
            #expect(answer.text.contains("Process exited unexpectedly before completing request"))
        }
    }

    @Test func `an image that exits at its start answers CAExited with its last words, and at once while it is backed off`() async throws {
        let launcher = FakeLauncher { _ in .exits(status: 3, after: .milliseconds(5)) }
        var limits = ActivationOptions()
        limits.firstBackOff = .seconds(30)
        try await TestHost.with([function("crash", on: nil)], launcher: launcher, activation: limits) { (host: TestHost) async throws in
            for _ in 0..<3 {
                let answer = try await host.invoke("crash")
                #expect(answer.status == 412)
                for part in ["\"Code\":\"CAExited\"", "exit code 3", "python3 app.py", "Traceback: boom"] {
                    #expect(answer.text.contains(part))
                }
                #expect(answer.text.contains("\"RequestId\":\"\(answer.header("x-fc-request-id") ?? "")\""))
            }
            #expect(launcher.started == 1)
        }
    }

    @Test func `out of memory and a program that is not there are told by name`() async throws {
        let launcher = FakeLauncher {
            $0.environment.contains("FC_FUNCTION_NAME=oom") ? .silent : .fails(LaunchFailure(step: "execve 'nope'", errno: 2))
        }
        try await TestHost.with([function("oom", on: nil), function("nope", on: nil)], launcher: launcher) {
            (host: TestHost) async throws in
            async let answer = host.invoke("oom")
            #expect(try await eventually { launcher.alive == 1 })
            launcher.exitAll(.outOfMemory)
            let text = try await answer.text
            #expect(text.contains("out of memory: more than its limit of 512 MB"))
            #expect(try await host.invoke("nope").text.contains("CAFileNotFound"))
        }
    }

    @Test func `a program that never listens fails by the start-up limit, with the port named`() async throws {
        var limits = ActivationOptions()
        limits.startUpTime = .milliseconds(200)
        try await TestHost.with([function("deaf", on: nil)], launcher: FakeLauncher { _ in .silent }, activation: limits) {
            (host: TestHost) async throws in
            let answer = try await host.invoke("deaf")
            #expect(answer.status == 412)
            #expect(answer.text.contains("FunctionNotStarted"))
            #expect(answer.text.contains("on port 1 in 0.2 seconds"))
            #expect(try await eventually { host.launcher.alive == 0 })
        }
    }

    @Test func `held calls go after the health check's first success`() async throws {
        let backend = try await Backend.start { request in
            request.target == "/healthz"
                ? Backend.answer("", status: request.connection < 3 ? "503 Wait" : "204 Fine") : Backend.answer("ok")
        }
        try await TestHost.with([function("f", on: backend) { $0.healthCheck = HealthCheck(path: "/healthz") }]) {
            (host: TestHost) async throws in
            #expect(try await host.invoke("f").status == 200)
            #expect(backend.requests.map(\.target) == ["/healthz", "/healthz", "/healthz", "/healthz", "/invoke"])
        }
    }

    @Test func `a health check that never succeeds says with which status`() async throws {
        let backend = try await Backend.start { _ in Backend.answer("", status: "500 No") }
        var limits = ActivationOptions()
        limits.startUpTime = .seconds(3)
        try await TestHost.with([function("ill", on: backend) { $0.healthCheck = HealthCheck(path: "/healthz") }], activation: limits) {
            (host: TestHost) async throws in
            let answer = try await host.invoke("ill")
            #expect(answer.status == 412)
            #expect(answer.text.contains("check function health failed with status code: 500"))
        }
    }

    @Test func `the log's tail comes as base64 with the summary`() async throws {
        let backend = try await Backend.start { _ in Backend.answer("ok") }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let answer = try await host.invoke("f", headers: "x-fc-log-type: \"Tail\"\r\n")
            let id = answer.header("x-fc-request-id") ?? ""
            let decoded = try #require(answer.header("x-fc-log-result").flatMap(decodeBase64))
            #expect(
                decoded.hasPrefix("FC Invoke Start RequestId: \(id)\r\nTraceback: boom\r\nFC Invoke End RequestId: \(id)\r\n\nDuration: "))
            #expect(decoded.hasSuffix("Memory Size: 512 MB"))
            #expect(try await host.invoke("f").header("x-fc-log-result") == nil)
        }
    }

    @Test func `an event beyond the limit is refused, with its length told or chunked`() async throws {
        let backend = try await Backend.start { _ in Backend.answer("ok") }
        var options = GatewayOptions()
        options.eventBytes = 1000
        try await TestHost.with([function("f", on: backend)], options: options) { (host: TestHost) async throws in
            let told = try await host.invoke("f", String(repeating: "x", count: 1001))
            #expect((told.status, told.text.contains("payload size exceeds maximum allowed size (1000 bytes)")) == (400, true))
            let chunk = "1f4\r\n" + String(repeating: "x", count: 500) + "\r\n"
            let head = "POST /2023-03-30/functions/f/invocations HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            #expect(try await host.send(head + chunk + chunk + chunk + "0\r\n\r\n").text.contains("EntityTooLarge"))
            #expect(try await host.send(head + chunk + chunk + "0\r\n\r\n").status == 200)
            #expect(backend.requests.last?.headers["content-length"] == ["1000"])
            #expect(backend.requests.count == 1)
        }
    }

    @Test func `what is missing, not ready or not built yet is said`() async throws {
        let backend = try await Backend.start { _ in Backend.answer("ok") }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            #expect(try await host.invoke("g").text.contains("FunctionNotFound"))
            #expect(try await host.invoke("f", headers: "x-fc-invocation-type: Async\r\n").status == 501)
            let qualified = "POST /2023-03-30/functions/f/invocations?qualifier=7 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
            #expect(try await host.send(qualified).text.contains("VersionNotFound"))
            var snapshot = TestHost.snapshot([])
            snapshot.functions["wait"] = FunctionRoute(state: .pending, versions: [:])
            snapshot.functions["bad"] = FunctionRoute(state: .failed(reason: "no such image"), versions: [:])
            await host.gateway.publish(snapshot)
            let pending = try await host.invoke("wait")
            #expect((pending.status, pending.text.contains("FunctionNotReady")) == (412, true))
            #expect(try await host.invoke("bad").text.contains("no such image"))
            #expect(try await host.invoke("f").status == 404)
            #expect(try await host.send("GET /2023-03-30/functions HTTP/1.1\r\nHost: h\r\n\r\n").status == 404)
        }
    }

    @Test func `a client that leaves cancels its call`() async throws {
        let backend = try await Backend.start { _ in [.wait(.seconds(30))] }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let client = try RawClient(port: host.port)
            try client.send(event("f", "x"))
            #expect(try await eventually { backend.requests.count == 1 })
            shutdownBoth(client)
            #expect(try await eventually { host.log.lines.contains { $0.hasPrefix("Invocation canceled by client") } })
            #expect(try await eventually { host.launcher.alive == 0 }, "at concurrency 1 the program is still busy, so it is replaced")
        }
    }

    @Test func `a full function answers 429 with Retry-After`() async throws {
        let gate = Gate()
        let backend = try await Backend.start { _ in [.hold(gate)] + Backend.answer("ok") }
        var limits = ActivationOptions()
        limits.waitTime = .milliseconds(300)
        try await TestHost.with([function("f", on: backend) { $0.maximumInstances = 1 }], activation: limits) {
            (host: TestHost) async throws in
            async let first = host.invoke("f")
            #expect(try await eventually { backend.requests.count == 1 })
            let second = try await host.invoke("f")
            #expect((second.status, second.header("retry-after")) == (429, "1"))
            #expect(second.text.contains("ResourceExhausted"))
            gate.open()
            let status = try await first.status
            #expect(status == 200)
        }
    }

    @Test func `an update sends new calls to the new revision and lets the old one finish`() async throws {
        let gate = Gate()
        let old = try await Backend.start { _ in [.hold(gate)] + Backend.answer("old") }
        let new = try await Backend.start { _ in Backend.answer("new") }
        try await TestHost.with([function("f", on: old)]) { (host: TestHost) async throws in
            async let before = host.invoke("f")
            #expect(try await eventually { old.requests.count == 1 })
            await host.gateway.publish(TestHost.snapshot([function("f", on: new, revision: 2)]))
            #expect(try await host.invoke("f").text == "new")
            gate.open()
            let text = try await before.text
            #expect(text == "old")
            #expect(try await eventually { host.launcher.alive == 1 })
        }
    }
}
