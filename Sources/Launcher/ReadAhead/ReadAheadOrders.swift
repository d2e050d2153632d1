// SPDX-License-Identifier: Apache-2.0
import Glibc
package import LinuxSystem
package import Sandbox

/// Orders on their way to `swiftlet-ahead`. Nothing waits for a socket that is full: what can be done without is dropped then, and the rest goes later.
package struct ReadAheadOrders {
    /// Orders that wait; beyond it only those are taken that nothing goes on without.
    private static let most = 256
    /// Orders in front of one that waits with its descriptors, 60 at most.
    private static let mostWithDescriptors = 16
    /// Who leaves this many unread is taken for broken.
    private static let limit = 4096

    private var waiting: [(bytes: [UInt8], descriptors: [Descriptor.Box])] = []

    package init() {}

    package var isEmpty: Bool { waiting.isEmpty }
    var isOverflowing: Bool { waiting.count > Self.limit }

    /// - Returns: whether it was sent, or will be. A process that has gone takes nothing.
    package mutating func send(_ order: ReadAheadOrder, _ descriptors: [Descriptor.Box] = [], to socket: CInt) -> Bool {
        guard waiting.count < Self.most || order.mustArrive else { return false }
        // They are open until it is sent, and both orders that carry some are of use without.
        waiting.append((order.encoded(), waiting.count < Self.mostWithDescriptors ? descriptors : []))
        do { try flush(to: socket) } catch  where error.errno == EPIPE || error.errno == ECONNRESET {
            waiting = []  // Its end is news of its own.
            return false
        } catch {}  // Who talks to it next hears it again, and ends it.
        return true
    }

    /// Sends one that is of use at once or not at all.
    func sendNow(_ order: ReadAheadOrder, _ descriptors: [CInt], to socket: CInt) throws(SystemCallError) -> Bool {
        guard waiting.isEmpty else { return false }
        return try sendMessage(socket, order.encoded(), descriptors: descriptors)
    }

    package mutating func flush(to socket: CInt) throws(SystemCallError) {
        var sent = 0
        defer { waiting.removeFirst(sent) }
        for order in waiting {
            guard try sendMessage(socket, order.bytes, descriptors: order.descriptors.map(\.number)) else { return }
            sent += 1
        }
    }
}

extension ReadAheadOrder {
    /// A recording without an end is one of the few for ever, and a list of a layer that is gone is never removed.
    fileprivate var mustArrive: Bool {
        switch self {
        case .finish, .forget: true
        case .know, .read, .record, .look: false
        }
    }
}
