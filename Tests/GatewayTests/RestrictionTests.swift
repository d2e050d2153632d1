// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Gateway
import NIOCore
import NIOHTTP1
import Testing

/// Functions that take fewer calls than they could: switched off, or with a reserved concurrency.
@Suite struct RestrictionTests {
    @Test func `a function that is switched off refuses every call with the reason, and comes back`() async throws {
        let backend = try await Backend.start { _ in Backend.answer("here") }
        try await TestHost.with([function("f", on: backend)]) { host in
            #expect(try await host.invoke("f").text == "here")
            var off = TestHost.snapshot([function("f", on: backend)])
            off.functions["f"]?.restriction = InvocationRestriction(reason: "holiday", modified: Timestamp(milliseconds: 0))
            await host.gateway.publish(off)
            for answer in [try await host.invoke("f"), try await host.get("f", "/")] {
                #expect(
                    answer.status == 403 && answer.text.contains("InvocationDisabled") && answer.text.contains("holiday"), "\(answer.text)")
            }
            await host.gateway.publish(TestHost.snapshot([function("f", on: backend)]))
            #expect(try await host.invoke("f").text == "here")
        }
    }

    @Test func `a reserved concurrency of 0 forbids all calls, and one of N all calls beyond N`() async throws {
        let gate = Gate()
        let backend = try await Backend.start { request in
            (request.target == "/wait" ? [.hold(gate)] : []) + Backend.answer("done")
        }
        try await TestHost.with([]) { host in
            func publish(_ reserved: Int?) async {
                var snapshot = TestHost.snapshot([function("f", on: backend)])
                snapshot.functions["f"]?.reservedConcurrency = reserved
                await host.gateway.publish(snapshot)
            }
            await publish(0)
            let none = try await host.invoke("f")
            #expect(none.status == 429 && none.text.contains("ResourceExhausted") && none.text.contains("of 0"), "\(none.text)")
            await publish(2)
            async let first = host.get("f", "/wait")
            async let second = host.get("f", "/wait")
            #expect(try await eventually { backend.requests.count == 2 })
            let third = try await host.invoke("f")
            #expect(third.status == 429 && third.header("retry-after") == "1" && third.text.contains("of 2 instances"), "\(third.text)")
            await publish(nil)
            #expect(try await host.invoke("f").text == "done")
            gate.open()
            #expect(try await (first.text, second.text) == ("done", "done"))
            await publish(1)
            #expect(try await host.invoke("f").text == "done", "the places were given back")
        }
    }
}
