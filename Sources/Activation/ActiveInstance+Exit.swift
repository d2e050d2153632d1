// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// How an instance's program ended, for whoever had a call on it.
public struct ProgramExit: Hashable, Sendable {
    /// For people.
    public var words: String
    /// The kernel killed it because the instance was over its memory limit.
    public var isOutOfMemory: Bool
}

/// Whether it is known how an instance's program ended, and who waits to hear it.
enum ExitNews {
    case awaited([@Sendable (ProgramExit) -> Void])
    case known(ProgramExit)
}

extension ActiveInstance {
    /// Calls `told` with how the program ended once that is known and no call is given to the instance any more; at once where it is.
    /// Never for a program that goes on. It is called from any thread and must return at once.
    public func whenExitKnown(_ told: @escaping @Sendable (ProgramExit) -> Void) {
        let exit: ProgramExit? = shared.withLock { shared in
            switch shared.exit {
            case .known(let exit): return exit
            case .awaited(let waiting):
                shared.exit = .awaited(waiting + [told])
                return nil
            }
        }
        if let exit { told(exit) }
    }

    func tellExit(_ exit: ProgramExit) {
        let waiting: [@Sendable (ProgramExit) -> Void] = shared.withLock { shared in
            defer { shared.exit = .known(exit) }
            if case .awaited(let waiting) = shared.exit { return waiting }
            return []
        }
        for told in waiting { told(exit) }
    }
}
