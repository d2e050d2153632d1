// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel
import Glibc

struct DeadLetterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dlq", abstract: "Dead letters: invocations that failed for good, kept until somebody decides.",
        discussion: "Example: swiftlet dlq list",
        subcommands: [
            DeadLetterListCommand.self, DeadLetterShowCommand.self, DeadLetterRedriveCommand.self, DeadLetterPurgeCommand.self,
        ])

    static let path = "/swiftlet/v1/dead-letters"
}

/// Which dead letters are meant.
struct DeadLetterChoice: ParsableArguments {
    @Argument(help: "The function's name. (default: all functions)")
    var function: String?

    @Option(help: "Only those that ended so: Failed, Expired or Invalid.")
    var reason: String?

    @Option(help: "Only those whose last error has this text in it.")
    var error: String?

    @Option(help: ArgumentHelp("Only those accepted so many minutes ago or later.", valueName: "minutes"))
    var newerThan: Int?

    @Option(help: ArgumentHelp("Only those accepted so many minutes ago or earlier.", valueName: "minutes"))
    var olderThan: Int?

    /// Milliseconds since 1970, by the clock of this machine.
    var from: Int64? { newerThan.map { Self.now() - Int64($0) * 60_000 } }
    var to: Int64? { olderThan.map { Self.now() - Int64($0) * 60_000 } }

    var isEverything: Bool { function == nil && reason == nil && error == nil && newerThan == nil && olderThan == nil }

    /// The filter of an order. With `tasks` only those.
    func json(tasks: [String], all: Bool) -> JSONValue {
        var members: [String: JSONValue] = [:]
        members["function"] = function.map { .string($0) }
        members["reason"] = reason.map { .string($0) }
        members["error"] = error.map { .string($0) }
        members["from"] = from.map { .integer($0) }
        members["to"] = to.map { .integer($0) }
        if !tasks.isEmpty { members["tasks"] = .array(tasks.map { .string($0) }) }
        if all { members["all"] = true }
        return .object(members)
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000
    }
}
