// SPDX-License-Identifier: Apache-2.0
import LinuxSystem

/// The steps that start the host's own `nft` in a network namespace: root with one capability, to which lines are written, and which then stays.
public enum FilterPlan {
    /// CAP_NET_ADMIN of capabilities(7).
    public static let capabilities: UInt64 = 1 << 12
    public static let program = "/usr/sbin/nft"

    /// - Parameters:
    ///   - network: whose tables it changes.
    ///   - input: where the lines come from; their end is its end.
    public static func steps(network: CInt, input: CInt, output: CInt, complaints: CInt, status: CInt) -> [SetupStep] {
        [
            .dieWithParent, .ownSession, .enterNetwork(network), .changeFolder("/"),
            .duplicate(input, to: 0, keepAtExec: true), .duplicate(output, to: 1, keepAtExec: true),
            .duplicate(complaints, to: 2, keepAtExec: true), .duplicate(status, to: 3, keepAtExec: false), .closeFrom(4),
            .umask(0o077), .resetSignals, .boundCapabilities(capabilities), .ordinaryPriority, .noNewPrivileges,
            .execute(candidates: [program], arguments: ["nft", "-i"], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]),
        ]
    }
}
