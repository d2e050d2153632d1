// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import LinuxSystem
import Sandbox
import Testing

extension SandboxOnThisKernel {
    /// A network namespace is used again, but by nobody else and not while anything is in it.
    @Suite(.serialized) struct NetworkReuseTests {
        /// What the kernel calls the network of a socket: a number that never comes again. Source: linux/socket.h, SO_NETNS_COOKIE.
        func network(of socket: CInt) throws -> UInt64 {
            var (cookie, size) = (UInt64(0), socklen_t(8))
            guard getsockopt(socket, SOL_SOCKET, 71, &cookie, &size) == 0 else {
                throw SystemCallError(call: "SO_NETNS_COOKIE", errno: errno)
            }
            return cookie
        }

        /// The network of an instance that has lived and ended, with every socket of it closed.
        func used(_ host: LauncherFixture, by owner: String, call: Bool = false) async throws -> UInt64 {
            let instance = host.start(["serve", "9000"]) { $0.owner = owner }
            let socket = try await instance.started()[2]
            let network = try network(of: socket)
            try await instance.listening()
            if call { #expect(try request(socket, port: 9000).hasSuffix("hi\n")) }
            host.client.stop(instance.spec.id, grace: .zero)
            _ = try await instance.end()
            return network
        }

        @Test func theNextInstanceOfTheSameOwnerHasTheNetworkOfTheLast() async throws {
            let host = try LauncherFixture()
            var seen: Set<UInt64> = []
            // It is kept for half a second, which a busy machine may take to start the next one.
            for _ in 0..<50 where try await !seen.insert(used(host, by: "a/LATEST/1")).inserted { return }
            Issue.record("no network was used twice: \(seen)")
        }

        @Test func noOtherOwnerHasIt() async throws {
            let host = try LauncherFixture()
            let owners = ["a/LATEST/1", "a/LATEST/2", "b/LATEST/1", "", ""]
            var seen: Set<UInt64> = []
            for owner in owners { #expect(try await seen.insert(used(host, by: owner)).inserted, "\(owner)") }
        }

        @Test func oneWithAClosedConnectionThatWaitsIsNotUsedAgain() async throws {
            let host = try LauncherFixture()
            var seen: Set<UInt64> = []
            for _ in 0..<4 { #expect(try await seen.insert(used(host, by: "a/LATEST/1", call: true)).inserted) }
        }

        @Test func oneOfWhichSomebodyHoldsASocketIsNotUsedAgain() async throws {
            let host = try LauncherFixture()
            let first = host.start(["serve", "9000"]) { $0.owner = "a/LATEST/1" }
            let held = try await first.started()[2]
            host.client.stop(first.spec.id, grace: .zero)
            _ = try await first.end()
            #expect(try await used(host, by: "a/LATEST/1") != network(of: held))
        }
    }
}
