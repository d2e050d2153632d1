// SPDX-License-Identifier: Apache-2.0
import Testing

extension HostTests {
    /// Images that buildah, umoci and skopeo made (scripts/make-test-images), through the whole house with their own entry points.
    @Suite struct OtherToolsImageTests {
        @Test("a Python and a Node image made by other tools answer as functions") func answer() async throws {
            try await RunningHost.with { host in
                let archives = "\(Checkout.top)/images/build"
                try await host.must("image", "load", "\(archives)/python-gzip.oci.tar", "--name", "python:1")
                try await host.must("function", "create", "python", "--image", "python:1", "--port", "9000")
                let file = try await host.curl("\(host.url)/http/python/etc/debian_version")
                #expect(file.out.hasPrefix("12."), "\(file.out) \(file.err)")

                try await host.must("image", "load", "\(archives)/node.oci.tar", "--name", "node:1")
                try await host.must("function", "create", "node", "--image", "node:1", "--health-path", "/healthz")
                let event = try await host.must("invoke", "node", "--data", "an event")
                #expect(event.contains(#""path":"/invoke""#) && event.contains(#""body":"an event""#), "\(event)")
            }
        }
    }
}
