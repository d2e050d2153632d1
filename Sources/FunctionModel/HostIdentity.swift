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

    /// The function that a resource name means; region and account are not looked at, since there is one of each.
    ///
    /// - Returns: nil where it names no function.
    public static func function(ofARN name: String) -> String? {
        let parts = name.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "acs", parts[1] == "fc", parts[4].hasPrefix("functions/") else { return nil }
        let function = String(parts[4].dropFirst(10))
        return FunctionName.isName(function) ? function : nil
    }
}
