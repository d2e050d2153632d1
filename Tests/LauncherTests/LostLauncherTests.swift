// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import LinuxSystem
import Sandbox
import Testing

/// What the client says when its launcher is lost: it stands in the log of a host that stops.
@Suite struct LostLauncherTests {
    /// - Parameter end: does something with the launcher's end of the socket.
    private func reason(_ end: (CInt) throws -> Void) async throws -> String {
        let sockets = try MessageSocketPair()
        let (reasons, continuation) = AsyncStream.makeStream(of: String.self)
        let client = try LauncherClient(descriptor: fcntl(sockets.one.number, F_DUPFD_CLOEXEC, 3)) { continuation.yield($0) }
        try end(sockets.other.number)
        defer { withExtendedLifetime((client, sockets)) {} }
        for await reason in reasons { return reason }
        return "nothing"
    }

    @Test func itsEndIsToldFromNonsense() async throws {
        #expect(try await reason { shutdown($0, CInt(SHUT_RDWR)) } == "it has ended")
        let nonsense = try await reason { _ = try sendMessage($0, [255, 255, 255]) }
        #expect(nonsense.hasPrefix("it sent a message that makes no sense: "), "\(nonsense)")
        let long = try await reason { socket in
            try #require(try sendMessage(socket, [UInt8](repeating: 0, count: WireBounds.message + 1)))
        }
        #expect(long == "it sent a message of more than \(WireBounds.message) bytes or 64 descriptors")
    }

    /// A message that the socket cannot take at all must not be waited for without end, and is nobody else's trouble.
    @Test func whatIsTooLongForTheSocketFailsItsRequestAlone() async throws {
        let sockets = try MessageSocketPair()
        var size: CInt = 4096
        #expect(setsockopt(sockets.one.number, SOL_SOCKET, SO_SNDBUF, &size, 4) == 0)
        let client = try LauncherClient(descriptor: fcntl(sockets.one.number, F_DUPFD_CLOEXEC, 3))
        var spec = InstanceSpec(
            id: InstanceID("c-1")!, layers: [], arguments: ["server"], environment: ["A=" + String(repeating: "x", count: 100_000)],
            workingDirectory: "", user: "", hostname: "h", limits: InstanceLimits(memory: 64 << 20, milliCPU: 1000, temporary: 1 << 20),
            port: 9000)
        spec.owner = "x"
        let instance = RunningInstance(spec: spec)
        client.start(spec) { instance.add($0) }
        #expect(try await instance.end() == .failed("the launcher cannot be told: sendmsg: EMSGSIZE"))
        let parking = SandboxOnThisKernel.ParkTests.Parking()
        client.park(spec) { parking.tell($0) }
        try await parking.wait(for: false)
        // The next one arrives.
        spec.environment = []
        client.start(spec) { instance.add($0) }
        var buffer = [UInt8](repeating: 0, count: WireBounds.message)
        guard case .message(let bytes, _) = try receiveMessage(sockets.other.number, into: &buffer, descriptors: 0) else {
            Issue.record("nothing was sent")
            return
        }
        #expect(try LauncherRequest(decoding: bytes) == .start(spec))
        #expect(client.pending?.unsentMessages == 0)
    }

    @Test func aSocketThatTakesNothingIsTheEndAndSaysWhy() async throws {
        let (reasons, continuation) = AsyncStream.makeStream(of: String.self)
        // One that leads nowhere: there is nothing to read from it either, and no end.
        let client = try LauncherClient(descriptor: socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | O_NONBLOCK, 0)) { continuation.yield($0) }
        client.stop(InstanceID("c-1")!, grace: .zero)
        for await reason in reasons {
            #expect(reason == "it cannot be told anything: sendmsg: ENOTCONN")
            break
        }
    }

    @Test func aDescriptorThatCannotBeCopiedFailsItsRequestAlone() async throws {
        let sockets = try MessageSocketPair()
        let client = try LauncherClient(descriptor: fcntl(sockets.one.number, F_DUPFD_CLOEXEC, 3))
        await #expect(throws: SystemCallError(call: "fcntl F_DUPFD_CLOEXEC", errno: EBADF)) {
            try await client.unpack(
                Digest(hex: String(repeating: "a1", count: 32))!, from: -1, offset: 0, length: 1, compression: .none, place: nil)
        }
        #expect(client.pending?.jobs == 0 && client.pending?.unsentMessages == 0)
        withExtendedLifetime(sockets) {}
    }
}
