// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension HostTests {
    /// Serverless Devs files through the real command line.
    @Suite struct ApplyTests {
        private static let file = """
            edition: 3.0.0
            name: demo
            access: default
            vars:
              region: cn-hangzhou
              memory: 256
              common: &common
                timeout: 20
                cpu: 0.25
            resources:
              greeter:
                component: fc3
                props:
                  <<: *common
                  region: ${vars.region}
                  functionName: greeter
                  runtime: custom-container
                  handler: index.handler
                  description: "says hello in ${vars.region}"
                  memorySize: ${vars.memory}
                  logConfig: auto
                  environmentVariables:
                    GREETING: ${env('SWIFTLET_TEST_GREETING', 'hello')}
                    NUMBER: 7
                  customContainerConfig:
                    image: hello:1
                    port: 9000
                  layers:
                    - acs:fc:cn-hangzhou:123456:layers/shared/versions/1
                  concurrencyConfig:
                    reservedConcurrency: 5
                  triggers:
                    - triggerName: http
                      triggerType: http
                      triggerConfig:
                        authType: anonymous
                        methods: [GET, POST]
              helper:
                component: oss
                props: {}
            """

        private static let domains = """
            edition: 3.0.0
            name: demo
            resources:
              shop:
                component: fc3-domain
                props:
                  region: cn-hangzhou
                  domainName: shop.example.com
                  protocol: HTTP
                  routeConfig:
                    routes:
                      - path: /a/*
                        functionName: greeter
                        qualifier: LATEST
                        methods: [GET, POST]
              greeter:
                component: fc3
                props:
                  functionName: greeter
                  runtime: custom-container
                  handler: index.handler
                  customContainerConfig:
                    image: hello:1
                  customDomain:
                    domainName: other.example.com
                    protocol: HTTP
                    route:
                      path: /*
              second:
                component: fc3
                props:
                  functionName: second
                  runtime: custom-container
                  handler: index.handler
                  customContainerConfig:
                    image: hello:1
                  customDomain:
                    domainName: other.example.com
                    protocol: HTTP
                    route:
                      path: /second/*
                      methods: [GET]
              made-up:
                component: fc3-domain
                props: {domainName: auto, protocol: HTTP, routeConfig: {routes: []}}
            """

        @Test("domains of a file lead to its functions, beside the routes that others have there") func domains() async throws {
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                let made = try await host.swiftlet("apply", "-f", "-", input: Self.domains)
                #expect(
                    made.out == "+ function greeter\n+ function second\n+ domain other.example.com\n+ domain shop.example.com\n", "\(made)")
                #expect(made.err.contains("the domain auto is left aside"))
                func call(_ domain: String, _ path: String) async throws -> String {
                    try await host.curl("-H", "Host: \(domain)", "-d", "you", host.url + path).out
                }
                #expect(try await call("shop.example.com", "/a/b").contains("hello"))
                #expect(try await call("shop.example.com", "/b").contains("DomainRouteNotFound"))
                #expect(try await call("other.example.com", "/x").contains("hello"))
                let same = "= function greeter\n= function second\n= domain other.example.com\n= domain shop.example.com\n"
                #expect(try await host.must("apply", "-f", "-", input: Self.domains) == same)
                let exported = try await host.must("export")
                #expect(exported.contains("component: fc3-domain") && exported.contains("domainName: shop.example.com"))
                #expect(try await host.must("apply", "-f", "-", input: exported) == same)

                let one =
                    "resources: {second: {component: fc3, props: {functionName: second, customDomain: {domainName: other.example.com, "
                let moved = try await host.must("apply", "-f", "-", input: one + "protocol: HTTP, route: {path: /2/*}}}}}")
                #expect(moved.contains("~ domain other.example.com: routeConfig "))
                #expect(try await call("other.example.com", "/2/x").contains("hello"), "its new route")
                #expect(try await call("other.example.com", "/x").contains("hello"), "the other function's stays")
                let taken = try await host.swiftlet("apply", "-f", "-", input: one + "protocol: HTTP, route: {path: /*}}}}}")
                #expect(taken.status == 1 && taken.err.contains("leads to function 'greeter' already"), "\(taken.err)")
                let both = try await host.must(
                    "apply", "-f", "-", "--dry-run",
                    input: one + "protocol: HTTPS, route: {path: /2/*}, certConfig: {privateKey: SESAME}}}}}")
                #expect(
                    both.contains("protocol \"HTTP\" → \"HTTP,HTTPS\"") && both.contains("privateKey") && !both.contains("SESAME"),
                    "\(both)")
                let narrowed = Self.domains.replacing("methods: [GET, POST]", with: "methods: [POST]")
                #expect(
                    try await host.must("apply", "-f", "-", "--dry-run", input: narrowed).contains(
                        "~ domain shop.example.com: routeConfig "))
                let silent = "resources: {shop: {component: fc3-domain, props: {domainName: shop.example.com, protocol: HTTP}}}"
                #expect(
                    try await host.must("apply", "-f", "-", input: silent) == "= domain shop.example.com\n",
                    "routes that it does not name stay")
                let whole = Self.domains.replacing("/a/*", with: "/c/*")
                #expect(try await host.must("apply", "-f", "-", input: whole).contains("~ domain shop.example.com: routeConfig "))
                #expect(try await call("shop.example.com", "/a/b").contains("DomainRouteNotFound"))
            }
        }

        @Test("a file is applied, and a second time changes nothing; what is exported is what was applied") func applies() async throws {
            try await RunningHost.with { host in
                let folder = host.state + "-apply"
                try FileManager.default.createDirectory(atPath: folder + "/layer", withIntermediateDirectories: true)
                defer { try? FileManager.default.removeItem(atPath: folder) }
                try Data("x\n".utf8).write(to: URL(fileURLWithPath: folder + "/layer/x"))
                try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                try await host.must("layer", "publish", "shared", folder + "/layer")
                let dry = try await host.must("apply", "-f", "-", "--dry-run", input: Self.file)
                #expect(
                    dry
                        == "+ function greeter\n+ concurrency of function greeter: reservedConcurrency nothing → 5\n+ trigger greeter/http\n"
                )
                #expect(try await host.swiftlet("function", "get", "greeter").status == 1)
                #expect(try await host.must("apply", "-f", "-", input: Self.file) == dry)
                let got = try await host.must("function", "get", "greeter")
                #expect(got.contains("says hello in cn-hangzhou") && got.contains("GREETING=hello") && got.contains("NUMBER=7"))
                #expect(got.contains("256 MB") && got.contains("layers/shared/versions/1"))
                let again = try await host.must("apply", "-f", "-", input: Self.file)
                #expect(again == "= function greeter\n= concurrency of function greeter\n= trigger greeter/http\n")
                let changed = Self.file.replacingOccurrences(of: "memory: 256", with: "memory: 512").replacingOccurrences(
                    of: "[GET, POST]", with: "[GET]")
                let update = try await host.must("apply", "-f", "-", input: changed)
                #expect(
                    update.contains("~ function greeter: memorySize 256 → 512\n")
                        && update.contains("~ trigger greeter/http: triggerConfig "))
                let exported = try await host.must("export")
                #expect(exported.contains("component: fc3") && exported.contains("functionName: greeter"))
                #expect(try await host.must("apply", "-f", "-", input: exported) == again)
                try await host.must("trigger", "delete", "greeter", "http")
                try await host.must("function", "delete", "greeter")
                try await host.must("apply", "-f", "-", input: exported)
                #expect(try await host.must("invoke", "greeter", "--data", "you") == "hello you")
            }
        }

        @Test(
            "what cannot be applied is named, and nothing is changed",
            arguments: [
                ("resources: [", "no YAML"), ("name: x", "no resources"), ("resources: {a: {component: fc3, props: {}}}", "functionName"),
                ("resources: {a: {component: fc3, props: {functionName: '${vars.none}'}}}", "${vars.none} leads to nothing"),
                ("resources: {a: {component: fc3, props: {functionName: a, customDomain: {domainName: d}}}}", "needs a route"),
                ("resources: {a: {component: fc3, props: {functionName: a, customDomain: {route: {path: /*}}}}}", "domainName is missing"),
                ("resources: {a: {component: fc3-domain, props: {domainName: d.e, routeConfig: {routes: x}}}}", "routes are a list"),
                ("resources: {a: {component: fc3-domain, props: {domainName: d.e, routeConfig: []}}}", "must be a mapping"),
                (
                    "resources: {a: {component: fc3-domain, props: {domainName: d.e, protocol: HTTP}}, b: {component: fc3-domain, "
                        + "props: {domainName: d.e, protocol: HTTPS}}}", "do not agree on protocol"
                ),
                (
                    "resources: {a: {component: fc3-domain, props: {domainName: d.e, routeConfig: {routes: [{path: /a, functionName: x}]}}}, "
                        + "b: {component: fc3-domain, props: {domainName: d.e, routeConfig: {routes: [{path: /a, functionName: y}]}}}}",
                    "leads to function 'x' already"
                ),
                ("resources: {a: {component: fc3, props: {functionName: a, vpcBinding: {vpcIds: [v]}}}}", "vpcBinding"),
                ("resources: {a: {component: fc3, props: {functionName: a, layers: ['none:1']}}}", "LayerNotFound"),
            ])
        func refused(_ file: String, _ words: String) async throws {
            try await RunningHost.with { host in
                let result = try await host.swiftlet("apply", "-f", "-", input: file)
                #expect(result.status == 1 && result.err.contains(words), "\(result.err)")
                #expect(try await host.must("function", "list", "--json") == "[]\n")
            }
        }
    }
}
