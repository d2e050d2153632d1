// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct DeadLetterPurgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Throws dead letters away, for good.",
        discussion: """
            Prints how many there were.

            Examples:
              swiftlet dlq purge hello --older-than 1440
              swiftlet dlq purge hello --task 1-6b03fc16-8cb1504d-edcb7891a894
              swiftlet dlq purge --all
            """)

    @OptionGroup var order: DeadLetterOrder

    func run() async throws { try await order.give("purge", count: "purged") }
}
