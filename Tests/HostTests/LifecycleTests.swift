// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension HostTests {
    /// What the host says to an instance of its own accord, and how many instances it keeps.
    @Suite struct LifecycleTests {
        private func create(_ host: RunningHost, _ fields: String, args: String? = nil) async throws {
            try await host.must("image", "load", try await SampleImages.shared.life(), "--name", "life:1")
            let command = args.map { #","command":["\#($0)"]"# } ?? ""
            let body =
                #"{"functionName":"life","runtime":"custom-container","handler":"h",\#(fields),"customContainerConfig":{"image":"life:1""#
                + command + #","healthCheckConfig":{"httpGetUrl":"/healthz","periodSeconds":1,"failureThreshold":5,"successThreshold":2}}}"#
            let made = try await host.curl("-X", "POST", "--data", body, host.url + "/2023-03-30/functions")
            #expect(made.out.contains(#""state":"Active""#), "\(made.out)")
        }

        private static let hooks =
            #""instanceLifecycleConfig":{"initializer":{"handler":"x","timeout":5},"preStop":{"handler":"x","timeout":5}}"#

        @Test("an instance is told of its beginning before the first call, and of its end") func hooks() async throws {
            try await RunningHost.with { host in
                try await create(host, Self.hooks)
                #expect(try await host.must("invoke", "life") == "initialized 1 times")
                #expect(try await host.must("invoke", "life") == "initialized 1 times")
                _ = try await host.curl("-X", "DELETE", host.url + "/swiftlet/v1/functions/life/instances")
                let log = try await host.must("logs", "life")
                let order = [
                    "FC Initialize Start RequestId", "told to begin, by the host", "FC Initialize End RequestId", "FC Invoke Start",
                    "FC PreStop Start RequestId", "told to end", "FC PreStop End RequestId",
                ]
                var rest = log[...]
                for words in order {
                    let found = rest.range(of: words)
                    #expect(found != nil, "'\(words)' is missing or too early: \(log)")
                    rest = rest[(found?.upperBound ?? rest.startIndex)...]
                }
            }
        }

        @Test("where the initializer fails the call is told so, and the next call gets a new instance") func initializerFails() async throws
        {
            try await RunningHost.with { host in
                try await create(host, Self.hooks, args: "refuses")
                for _ in 0..<2 {
                    let answer = try await host.curl(
                        "-D", "-", "-X", "POST", "--data", "x", host.url + "/2023-03-30/functions/life/invocations")
                    #expect(answer.out.hasPrefix("HTTP/1.1 200"), "\(answer.out)")
                    #expect(
                        answer.out.contains("X-Fc-Error-Type: InitializationError") && answer.out.contains("status code: 500"),
                        "\(answer.out)")
                }
                let log = try await host.must("logs", "life")
                #expect(log.components(separatedBy: "told to begin").count == 3, "\(log)")
                let http = try await host.curl("-o", "/dev/null", "-w", "%{http_code}", host.url + "/http/life/")
                #expect(http.out == "502")
            }
        }

        @Test("an unhealthy instance gets no calls, another one takes its place, and it comes back when it is well") func health()
            async throws
        {
            try await RunningHost.with { host in
                try await create(host, #""instanceConcurrency":10,"maxInstances":2"#)
                try await host.must("invoke", "life", "--data", "sick 8")
                try await host.wait("the instance is out of the choice") { try await statuses(host).contains("Unhealthy") }
                try await host.must("invoke", "life")
                #expect(try await statuses(host).count == 2, "the call was given to another one")
                try await host.wait("it is well again") { try await statuses(host) == ["Running", "Running"] }
                let log = try await host.must("logs", "life")
                #expect(log.contains("Instance is unhealthy") && log.contains("healthy again"), "\(log)")
            }
        }

        @Test("an instance that stays unhealthy is given up and replaced") func givesUp() async throws {
            try await RunningHost.with { host in
                try await create(host, #""instanceConcurrency":10,"maxInstances":1"#)
                try await host.must("invoke", "life", "--data", "sick 1000")
                try await host.wait("the instance has gone") { try await host.must("logs", "life").contains("Instance ended") }
                #expect(try await host.must("invoke", "life") == "initialized 0 times")
            }
        }

        @Test("provisioned instances are kept without calls, take the place of lost ones, and alone serve where others are forbidden")
        func provisioned() async throws {
            try await RunningHost.with { host in
                try await create(host, #""instanceConcurrency":10,"idleTimeout":0,"disableOndemand":true"#)
                let refused = try await host.swiftlet("invoke", "life")
                #expect(
                    refused.status == 1 && refused.err.contains("ResourceExhausted") && refused.err.contains("disableOndemand"),
                    "\(refused.err)")
                try await host.must("provision", "set", "life", "2")
                try await host.wait("both are ready") { try await host.must("provision", "get", "life") == "2 of 2 ready\n" }
                #expect(try await host.must("invoke", "life") == "initialized 0 times")
                let before = try await instances(host)
                #expect(before.map { $0["resourceType"] as? String } == ["Provision", "Provision"])
                try await host.must("invoke", "life", "--data", "sick 1000")
                try await host.wait("the sick one is replaced") {
                    let now = try await instances(host).filter { $0["status"] as? String == "Running" }
                    return now.count == 2
                        && Set(now.compactMap { $0["instanceId"] as? String }) != Set(before.compactMap { $0["instanceId"] as? String })
                }
                try await host.must("provision", "delete", "life")
                try await host.wait("none is kept") { try await instances(host).isEmpty }
            }
        }

        @Test("switching a function off with abort ends the calls in progress") func aborts() async throws {
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.misbehave(), "--name", "misbehave:1")
                try await host.must("function", "create", "slow", "--image", "misbehave:1", "--args", "sleep")
                async let call = host.swiftlet("invoke", "slow")
                try await host.wait("the call has begun") { try await host.must("logs", "slow").contains("FC Invoke Start") }
                try await host.must("function", "disable", "slow", "--reason", "holiday", "--abort")
                let ended = try await call
                #expect(ended.status == 2 && ended.out.contains("signal 9"), "\(ended.out) \(ended.err)")
                let refused = try await host.swiftlet("invoke", "slow")
                #expect(
                    refused.status == 1 && refused.err.contains("InvocationDisabled") && refused.err.contains("holiday"), "\(refused.err)")
            }
        }

        @Test("an image without a server is run to its end for each event") func runsPerEvent() async throws {
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.job(), "--name", "job:1")
                let body =
                    #"{"functionName":"job","runtime":"custom-container","handler":"h","timeout":2,"#
                    + #""customContainerConfig":{"image":"job:1","webServerMode":false}}"#
                let made = try await host.curl("-X", "POST", "--data", body, host.url + "/2023-03-30/functions")
                #expect(made.out.contains(#""webServerMode":false"#), "\(made.out)")
                #expect(try await host.must("invoke", "job", "--data", #"{"a":"ü b"}"#) == #"got {"a":"ü b"}"#)
                #expect(try await host.must("invoke", "job", "--data", "") == "got ")
                let failed = try await host.swiftlet("invoke", "job", "--data", "fail 7")
                #expect(failed.status == 2 && failed.out.contains("exit code 7"), "\(failed.out) \(failed.err)")
                let late = try await host.swiftlet("invoke", "job", "--data", "sleep")
                #expect(late.status == 2 && late.out.contains("timed out after 2 seconds"), "\(late.out) \(late.err)")
                #expect(try await host.must("logs", "job").contains("got fail 7"))
                let http = try await host.curl(host.url + "/http/job/")
                #expect(http.out.contains("InvalidArgument") && http.out.contains("InvokeFunction"), "\(http.out)")
            }
        }

        private func instances(_ host: RunningHost) async throws -> [[String: Any]] {
            let answer = try await host.curl(host.url + "/2023-03-30/functions/life/instances")
            let json = try JSONSerialization.jsonObject(with: Data(answer.out.utf8)) as? [String: Any]
            return json?["instances"] as? [[String: Any]] ?? []
        }

        private func statuses(_ host: RunningHost) async throws -> [String] {
            try await instances(host).compactMap { $0["status"] as? String }
        }
    }
}
