// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import Glibc

/// The other side of `bench cold`, started by it alone: reads a ``BarePlan``, then for each line makes one bare start and tells its time.
struct BenchBareCommand: AsyncParsableCommand {
    static let name = "bench-bare"
    static let configuration = CommandConfiguration(commandName: name, abstract: "The bare side of `bench cold`.", shouldDisplay: false)

    func run() async throws {
        // Namespaces and capabilities belong to one thread here, and each start must come from it.
        try await onOwnThread {
            do {
                guard let line = try BareProcess.readLine(STDIN_FILENO) else { return }
                let plan = try JSONDecoder().decode(BarePlan.self, from: line)
                let null = open("/dev/null", O_RDWR | O_CLOEXEC)
                try BareRoot.enter(plan)
                try Self.tell(.ready)
                while try BareProcess.readLine(STDIN_FILENO) != nil {
                    do {
                        try Self.tell(.measured(milliseconds: try BareStart.measure(plan, null: null)))
                    } catch {
                        try Self.tell(.failed("\(error)"))
                    }
                }
            } catch {
                try Self.tell(.failed("\(error)"))
            }
        }
    }

    private static func tell(_ result: BareResult) throws { try BareProcess.write(try JSONEncoder().encode(result), to: STDOUT_FILENO) }
}
