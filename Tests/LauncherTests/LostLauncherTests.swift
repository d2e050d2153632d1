// SPDX-License-Identifier: Apache-2.0
import Foundation
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
}
