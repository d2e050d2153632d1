// SPDX-License-Identifier: Apache-2.0
import Gateway
import Glibc
import Logging
import UnixSignals

/// SIGHUP, which the launcher passes on, has the certificate's files read again. No connection is dropped by it.
enum CertificateReload {
    /// Runs until its task is cancelled.
    static func run(_ gateway: Gateway, _ logger: Logger) async {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals {
            do {
                try gateway.reloadCertificate()
                logger.notice("the certificate was read again")
            } catch { logger.error("\(error); the one that was read before stays in use") }
        }
    }
}
