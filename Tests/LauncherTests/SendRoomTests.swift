// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Launcher
import LauncherClient
import LinuxSystem
import Sandbox
import Testing

/// What happens to a message that the kernel has no room for, or that is too long for its socket.
extension SandboxOnThisKernel {
    @Suite(.serialized) struct SendRoomTests {
        /// As many descriptors on their way as one user may have. More of them are refused, but for who has one of two capabilities.
        final class Crowd {
            private let pairs: [MessageSocketPair]

            init() throws {
                var limit = rlimit()
                getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                let null = Descriptor(owning: open("/dev/null", O_RDONLY | O_CLOEXEC))
                var (pairs, left) = ([MessageSocketPair](), Int(limit.rlim_cur) + 1)
                while left > 0 {
                    let pair = try MessageSocketPair()
                    let many = [CInt](repeating: null.number, count: 60)
                    while left > 0, try sendMessage(pair.one.number, [0], descriptors: many) { left -= 60 }
                    pairs.append(pair)
                }
                self.pairs = pairs
            }

            /// CAP_SYS_ADMIN and CAP_SYS_RESOURCE.
            func without(_ body: () -> Void) throws {
                try OwnProcess.without(capability: 21) { try? OwnProcess.without(capability: 24, body) }
            }
        }

        private func next(_ socket: CInt) throws -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: WireBounds.message)
            guard case .message(let bytes, let descriptors) = try receiveMessage(socket, into: &buffer, descriptors: 2) else { return nil }
            for descriptor in descriptors { close(descriptor) }
            return Array(bytes)
        }

        private let id = InstanceID("c-1")!

        @Test func whatTheLauncherHasNoRoomForWaitsAndWhatComesAfterItToo() throws {
            var crowd: Crowd? = try Crowd()
            let sockets = try MessageSocketPair()
            let connection = DaemonConnection(try sockets.one.descriptor.duplicate())
            var failure: (any Error)?
            try crowd?.without {
                do {
                    try connection.send(.parked(id), [sockets.other])
                    try connection.send(.listening(id))
                } catch { failure = error }
            }
            #expect(failure == nil, "\(failure.map { "\($0)" } ?? "")")
            #expect(connection.lacksRoom && connection.hasQueued)
            #expect(try next(sockets.other.number) == nil)
            crowd = nil
            try connection.flush()
            #expect(!connection.lacksRoom && !connection.hasQueued)
            #expect(try next(sockets.other.number) == LauncherEvent.parked(id).encoded())
            #expect(try next(sockets.other.number) == LauncherEvent.listening(id).encoded())
        }

        @Test func whatIsTooLongFromTheLauncherIsAnsweredInOtherWords() throws {
            let sockets = try MessageSocketPair()
            var size: CInt = 1
            setsockopt(sockets.one.number, SOL_SOCKET, SO_SNDBUF, &size, 4)
            let connection = DaemonConnection(try sockets.one.descriptor.duplicate())
            let many = [Digest](repeating: Digest(hex: String(repeating: "a1", count: 32))!, count: 200)
            try connection.send(.layers(job: 7, many, last: true))
            try connection.send(.removed(job: 8))
            #expect(!connection.hasQueued)
            let answer = LauncherEvent.jobFailed(job: 7, reason: "the answer is too long for the socket: sendmsg: EMSGSIZE")
            #expect(try next(sockets.other.number) == answer.encoded())
            #expect(try next(sockets.other.number) == LauncherEvent.removed(job: 8).encoded())
        }

        @Test func anAnswerThatIsTooLongIsNoEndOfTheLauncher() async throws {
            let folder = "/tmp/swiftlet-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
            let host = try LauncherFixture(folder: folder, sendBuffer: 1) { layer in
                for number in 100..<300 {
                    let name = String(repeating: "\(number)", count: 21) + "a"
                    try FileManager.default.createDirectory(atPath: layer + "/../" + name, withIntermediateDirectories: true)
                }
            }
            await #expect(throws: UnpackFailure(reason: "the answer is too long for the socket: sendmsg: EMSGSIZE")) {
                _ = try await host.client.layers()
            }
            #expect(try await host.output(["cwd"]) == "/\n")
        }

        @Test func theClientTriesAgainWhenThereIsRoom() async throws {
            var crowd: Crowd? = try Crowd()
            let sockets = try MessageSocketPair()
            var made: LauncherClient?
            // Its thread, which tries again, has no more rights than the one that makes it.
            try crowd?.without {
                made = try? LauncherClient(descriptor: fcntl(sockets.one.number, F_DUPFD_CLOEXEC, 3))
                try? made?.keepListener(.plain, sockets.other.number)
            }
            let client = try #require(made)
            #expect(client.pending?.unsentMessages == 1)
            try await Task.sleep(for: .milliseconds(50))
            #expect(client.pending?.unsentMessages == 1 && crowd != nil)
            #expect(try next(sockets.other.number) == nil)
            crowd = nil
            for _ in 0..<500 where client.pending?.unsentMessages != 0 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(client.pending?.unsentMessages == 0)
            #expect(try next(sockets.other.number) == LauncherRequest.keepListener(.plain).encoded())
        }

        @Test func ordersToReadAheadStayWhereThereIsNoRoomAndNoneAreKeptForOneThatHasEnded() throws {
            var crowd: Crowd? = try Crowd()
            let sockets = try MessageSocketPair()
            let order = ReadAheadOrder.finish(number: 1, keeps: true)
            var (orders, isTaken, failure) = (ReadAheadOrders(), false, nil as SystemCallError?)
            try crowd?.without {
                isTaken = orders.send(order, [sockets.other, sockets.other], to: sockets.one.number)
                do { try orders.flush(to: sockets.one.number) } catch { failure = error as? SystemCallError }
            }
            #expect(isTaken && !orders.isEmpty && failure?.errno == ETOOMANYREFS)
            crowd = nil
            try orders.flush(to: sockets.one.number)
            #expect(orders.isEmpty)
            #expect(try next(sockets.other.number) == order.encoded())
            shutdown(sockets.other.number, CInt(SHUT_RDWR))
            #expect(!orders.send(order, to: sockets.one.number) && orders.isEmpty)
        }
    }
}
