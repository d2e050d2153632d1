// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

/// How the host decides when an instance without calls ends.
enum KeepAlive: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// After its function's `idleTimeout`.
    case fixed
    /// By the idle times of its function, where they say enough.
    case learned
}
