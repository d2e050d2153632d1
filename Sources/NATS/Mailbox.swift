// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// Gathers what comes, for one who takes all that is there at once.
final class Mailbox<Element: Sendable>: Sendable {
    private struct Guarded {
        var elements: [Element] = []
        var failure: (any Error)?
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let guarded = Mutex(Guarded())

    /// What comes after a failure is dropped.
    func put(_ result: Result<Element, any Error>) {
        let waiting = guarded.withLock { guarded -> CheckedContinuation<Void, Never>? in
            guard guarded.failure == nil else { return nil }
            switch result {
            case .success(let element): guarded.elements.append(element)
            case .failure(let error): guarded.failure = error
            }
            return guarded.waiting.take()
        }
        waiting?.resume()
    }

    /// Waits until there is something. One at a time may wait.
    func take() async throws -> [Element] {
        while true {
            let taken = try guarded.withLock { guarded throws -> [Element] in
                if guarded.elements.isEmpty, let failure = guarded.failure { throw failure }
                defer { guarded.elements = [] }
                return guarded.elements
            }
            if !taken.isEmpty { return taken }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = guarded.withLock { guarded in
                        guard guarded.elements.isEmpty, guarded.failure == nil else { return true }
                        guarded.waiting = continuation
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                put(.failure(CancellationError()))
            }
        }
    }
}
