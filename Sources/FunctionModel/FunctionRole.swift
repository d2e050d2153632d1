// SPDX-License-Identifier: Apache-2.0

/// Where a function with a role gets the credentials of that role. Source: Function Compute contract §5.1, `role` and `disableInjectCredentials`.
extension FunctionConfiguration {
    /// The resource name of its role, `acs:ram::ACCOUNT:role/NAME`; nil where it has none.
    public var role: String? { stored["role"]?.string.flatMap { $0.isEmpty ? nil : $0 } }

    /// The role whose credentials go into the headers of each call; nil for none.
    public var roleInHeaders: String? { ["Request", "All"].contains(stored["disableInjectCredentials"]?.string) ? nil : role }

    /// The role whose credentials go into the environment of each instance; nil for none.
    public var roleInEnvironment: String? { ["Env", "All"].contains(stored["disableInjectCredentials"]?.string) ? nil : role }
}
