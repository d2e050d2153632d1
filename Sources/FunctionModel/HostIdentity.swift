// SPDX-License-Identifier: Apache-2.0

/// The region and account that stand in this host's resource names and in what an instance is told. They are names only; one host has one of each.
public struct HostIdentity: Hashable, Sendable {
    public var region: String
    public var account: String

    public init(region: String = "cn-local", account: String = "1") {
        self.region = region
        self.account = account
    }

    /// `acs:fc:{region}:{account}:functions/{name}`.
    public func functionARN(_ name: String) -> String { "acs:fc:\(region):\(account):functions/\(name)" }
}
