// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `swiftlet provision` and `swiftlet scaling`, which say the same by two configurations of the API.
struct CapacityCommand<Kind: CapacityKind>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Kind.noun, abstract: Kind.abstract, discussion: "Example: swiftlet \(Kind.noun) set hello 2",
            subcommands: [
                CapacitySetCommand<Kind>.self, CapacityGetCommand<Kind>.self, CapacityListCommand<Kind>.self,
                CapacityDeleteCommand<Kind>.self,
            ])
    }
}

typealias ProvisionCommand = CapacityCommand<Provision>
typealias ScalingCommand = CapacityCommand<Scaling>
