// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Whether it is known how an instance's program ended, and who waits to hear it.
enum ExitNews {
    case awaited([@Sendable (String) -> Void])
    case known(String)
}

extension ActiveInstance {
    /// Calls `told` with how the program ended, for people, once that is known and no call is given to the instance any more; at once where it is.
    /// Never for a program that goes on. It is called from any thread and must return at once.
    public func whenExitKnown(_ told: @escaping @Sendable (String) -> Void) {
        let words: String? = shared.withLock { shared in
            switch shared.exit {
            case .known(let words): return words
            case .awaited(let waiting):
                shared.exit = .awaited(waiting + [told])
                return nil
            }
        }
        if let words { told(words) }
    }

    func tellExit(_ words: String) {
        let waiting: [@Sendable (String) -> Void] = shared.withLock { shared in
            defer { shared.exit = .known(words) }
            if case .awaited(let waiting) = shared.exit { return waiting }
            return []
        }
        for told in waiting { told(words) }
    }
}
