// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct DeadLetterRedriveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redrive", abstract: "Sends dead letters again; each keeps its id and its history.",
        discussion: """
            Prints how many there were.

            Examples:
              swiftlet dlq redrive hello --error "timed out"
              swiftlet dlq redrive hello --task 1-6b03fc16-8cb1504d-edcb7891a894
              swiftlet dlq redrive --all
            """)

    @OptionGroup var order: DeadLetterOrder

    func run() async throws { try await order.give("redrive", count: "redriven") }
}
