// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

extension HostTests {
    /// The host's own life: logs that are followed, restarts, and what is left when it is killed.
    @Suite struct LifeTests {
        private func prepare(_ host: RunningHost) async throws {
            try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
            try await host.must("function", "create", "hello", "--image", "hello:1", "--health-path", "/healthz")
        }

        @Test("logs -f shows a call while it goes on") func followsLogs() async throws {
            try await RunningHost.with { host in
                try await prepare(host)
                let following = try ProcessHandle(Checkout.swiftlet, ["logs", "-f", "hello", "--host", host.url])
                defer { kill(following.process, SIGKILL) }
                try await host.must("invoke", "hello")
                try await host.wait("the follower sees the call") { following.printed.contains("FC Invoke End RequestId") }
                #expect(following.status == nil)
            }
        }

        @Test("no call waits until the kernel's table of the daemon's descriptors has grown") func descriptorTable() async throws {
            try await RunningHost.with { host in
                let daemon = try #require(host.daemon)
                func number(_ file: String, _ line: String, _ word: Int) throws -> Int {
                    let lines = try String(contentsOfFile: "/proc/\(daemon)/\(file)", encoding: .utf8).split(separator: "\n")
                    return try #require(lines.first { $0.hasPrefix(line) }.flatMap { Int($0.split(whereSeparator: \.isWhitespace)[word]) })
                }
                #expect(try number("status", "FDSize:", 1) >= min(16_384, number("limits", "Max open files", 3)))
            }
        }

        @Test("images, functions and their logs survive a restart") func restarts() async throws {
            try await RunningHost.with { host in
                try await prepare(host)
                try await host.must("invoke", "hello")
                await host.stop()
                #expect(host.status == 0)
                await Leftovers.expectNone(of: host.state)
                let again = try await RunningHost.start(host.state)
                let answer = try await again.must("invoke", "hello", "--data", "again")
                #expect(answer == "hello again")
                let log = try await again.must("logs", "hello")
                #expect(log.components(separatedBy: "FC Invoke Start").count >= 3)
                await again.stop()
            }
        }

        @Test("after kill -9 of the launcher nothing is left, and the host starts again") func killedLauncher() async throws {
            try await RunningHost.with { host in
                try await prepare(host)
                try await host.must("invoke", "hello")
                await host.end(SIGKILL)
                try await host.wait("every process has ended") { Leftovers.processes(of: host.state).isEmpty }
                let again = try await RunningHost.start(host.state)
                let answer = try await again.must("invoke", "hello")
                #expect(answer == "hello world")
                await again.stop()
            }
        }

        @Test("after kill -9 of the daemon it is started anew, with the functions it had") func killedDaemon() async throws {
            try await RunningHost.with(["--listen", "127.0.0.1:\(try freePort())"]) { host in
                try await prepare(host)
                try await host.must("invoke", "hello")
                let daemon = try #require(host.daemon)
                kill(daemon, SIGKILL)
                try await host.wait("another daemon answers") {
                    guard let next = host.daemon, next != daemon else { return false }
                    return try await host.swiftlet("invoke", "hello").out == "hello world"
                }
                #expect(host.status == nil)
            }
        }

        @Test("a second host on the same directory is refused") func refusesASecond() async throws {
            try await RunningHost.with { host in
                let second = try await run(Checkout.swiftlet, ["serve", "--listen", "127.0.0.1:0", "--state-dir", host.state])
                #expect(second.status != 0 && second.err.contains("another"), "\(second.err)")
                try await prepare(host)
            }
        }

        @Test("bench cold measures both sides, and tells the phases") func benches() async throws {
            try await RunningHost.with { host in
                try await prepare(host)
                let text = try await host.must("bench", "cold", "hello", "--runs", "5")
                for words in ["request to first byte, cold", "launch", "mounts", "exec", "listen", "bare posix_spawn", "ms at the median"] {
                    #expect(text.contains(words), "\(text)")
                }
                let json = try await host.must("bench", "cold", "hello", "--runs", "2", "--json")
                let figures = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
                #expect((figures["runs"] as? [Any])?.count == 2 && (figures["bareRuns"] as? [Any])?.count == 2)
            }
        }
    }
}

/// A port that is free now.
func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
    }
    guard bound else { throw HostFailure("no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
}
