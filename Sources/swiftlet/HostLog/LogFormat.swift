// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// How the host's own log is written: for people, or for programs.
enum LogFormat: String, CaseIterable, Sendable, ExpressibleByArgument {
    case text, json, logfmt
}
