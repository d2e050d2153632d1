// SPDX-License-Identifier: Apache-2.0
import Glibc
import UnixSignals

/// The launcher has gone, and with it every instance.
struct LauncherLost: Error, CustomStringConvertible {
    var reason: String
    var description: String { "the launcher is lost, and every instance with it (\(reason)): the host stops" }
}

/// Why the daemon ends: the first of a signal, the loss of the launcher, or a failure of a part of it.
struct DaemonEnd: Sendable {
    private let reasons = AsyncStream.makeStream(of: Result<Void, any Error>.self, bufferingPolicy: .bufferingOldest(1))

    /// Takes over SIGTERM and SIGINT from now on, so that one which comes while the host still starts is not lost.
    init() async {
        signal(SIGPIPE, SIG_IGN)
        // Until somebody listens for it, as ``CertificateReload`` does, it must not end the daemon.
        signal(SIGHUP, SIG_IGN)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        Task { [continuation = reasons.continuation] in
            for await _ in signals { continuation.yield(.success(())) }
        }
    }

    func launcherLost(_ reason: String) { failed(LauncherLost(reason: reason)) }

    func failed(_ error: any Error) { reasons.continuation.yield(.failure(error)) }

    /// Waits for the first reason; later ones change nothing.
    func wait() async -> Result<Void, any Error> {
        for await reason in reasons.stream { return reason }
        return .success(())
    }
}
